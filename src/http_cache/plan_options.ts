/**
 * The options of all plans, and their checks.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { isAdapter } from "../cache/is_adapter.ts";
import { mapTiers, tieredCache } from "../cache/tiered.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import {
  argumentError,
  assertOptions,
  assertPositiveInteger,
  assertPromptFunction,
  shapeError,
} from "../primitives/argument_checks.ts";
import { MAX_PENDING_BYTES } from "./adapter_state.ts";
import type { CachePolicyOptions } from "./cache_policy.ts";
import type { TtlMs } from "./lifetimes.ts";
import type { Partition } from "./partition.ts";
import { PromptAdapter } from "./prompt_adapter.ts";

/** Options of every plan. */
export interface CachePlanOptions {
  /**
   * How long a 404 or 410 is fresh, in milliseconds by status. Under the rules of HTTP, the server may say so itself, also for
   * some other failures. The cache never stores a 401, 403, 408, 429, 500, 502, 503, 504 or 511.
   * @default {none}
   */
  readonly negative?: Readonly<Partial<Record<404 | 410, number | undefined>>> | undefined;
  /**
   * How long after a response has become stale the cache still serves it at once, and fetches a new one in the background, in
   * milliseconds (RFC 5861). Under the rules of HTTP, this holds only if the server does not say. The background request has a
   * priority lower by 1, and `Client.close` waits for it.
   * @default {0}
   */
  readonly staleWhileRevalidateMs?: number | undefined;
  /**
   * How long after a response has become stale the cache still serves it if the network fails or answers with a 5xx, in
   * milliseconds (RFC 5861). Under the rules of HTTP, this holds only if the server does not say.
   * @default {0}
   */
  readonly staleIfErrorMs?: number | undefined;
  /**
   * How long a request waits for a failing network before it gets such a stale response, in milliseconds. The network fails once
   * an attempt of the request has failed, or if a breaker or a pause keeps requests away; a network that is only slow is waited
   * for, up to `timeoutMs`. Shortly before the end of its `totalTimeoutMs`, or of its batch's `batchTimeoutMs`, a request gets
   * the stale response in any case. An attempt in flight then goes on in the background. Once a request has waited that long,
   * later ones wait only for a first failure, until the origin answers again. `Infinity` waits for all retries.
   * @default {10_000}
   */
  readonly staleAfterMs?: number | undefined;
  /**
   * Names the partition of a request: requests of the same partition share responses. `""` is for responses that all requests may
   * share, `null` for responses that the cache must not store. The cache keeps only a hash of the name. If the function throws,
   * or returns anything else, the cache does not store the response either, and a `warning` event says so once.
   *
   * By default, requests with credentials get `null`, and all others `""`. Credentials are `authorization`, `cookie`,
   * `proxy-authorization`, `host`, the client's `sensitiveHeaders`, a mirror's own headers, and any header whose name says token,
   * key, secret, session, password, signature, auth, cookie or the like. The cache runs before the middleware of `use` and does
   * not see the headers that it adds: if that middleware logs users in, give each user of the plan a partition.
   *
   * Under the rules of HTTP, a change in one partition invalidates the responses for its URL in all partitions. For that, a
   * request with a partition reads once more, and each URL has one small extra entry.
   */
  readonly partition?: Partition | undefined;
  /**
   * How long the adapter, or each of several tiers, may take for a read, in milliseconds; `Infinity` sets no limit. A write or a
   * removal may take ten times as long, because no request waits for it. If the adapter takes longer, the cache does without it
   * for the next ten seconds.
   * @default {1_000}
   */
  readonly adapterTimeoutMs?: number | undefined;
  /**
   * How many bytes of bodies may wait in memory until the adapter has stored them; the cache does not store bodies beyond that.
   * @default {67_108_864}
   */
  readonly maxPendingBytes?: number | undefined;
}

/** The options of every plan, and how long a response is fresh. */
export interface CommonOptions extends CachePlanOptions {
  readonly ttlMs?: TtlMs | undefined;
}

/** The names of all options. */
const NAMES: readonly (keyof CommonOptions)[] = [
  "ttlMs",
  "negative",
  "staleWhileRevalidateMs",
  "staleIfErrorMs",
  "staleAfterMs",
  "partition",
  "adapterTimeoutMs",
  "maxPendingBytes",
];

/**
 * Checks the adapter and the options of a plan.
 *
 * @param action The action for error messages, as in "Cannot {action} as …".
 * @param adapter The store of the entries, or several as tiers, the fastest first.
 * @param options The options.
 * @returns The options of the cache policy, all but the rules.
 * @throws {TypeError} If something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 */
export function readPlanOptions(
  action: string,
  adapter: CacheAdapter | readonly CacheAdapter[],
  options: CommonOptions,
): Omit<CachePolicyOptions, "Rules"> {
  assertAdapter(action, adapter);
  assertOptions(action, options);
  assertKnownOptions(action, options, NAMES);
  const {
    ttlMs,
    negative = {},
    staleWhileRevalidateMs,
    staleIfErrorMs,
    staleAfterMs = 10_000,
    partition,
    adapterTimeoutMs = 1_000,
    maxPendingBytes = MAX_PENDING_BYTES,
  } = options;
  assertTtl(action, ttlMs);
  assertNegative(action, negative);
  for (const [name, value] of Object.entries({ staleWhileRevalidateMs, staleIfErrorMs, staleAfterMs })) {
    assertMs(action, name, value);
  }
  if (partition !== undefined) assertPromptFunction(action, "partition", partition);
  assertAdapterTimeout(action, adapterTimeoutMs);
  assertPositiveInteger(action, "maxPendingBytes", maxPendingBytes);
  const tiers: CacheAdapter[] = [];
  return {
    tiers,
    adapter: mapTiers(isAdapter(adapter) ? adapter : tieredCache(adapter), (tier) => {
      tiers.push(tier);
      return new PromptAdapter(tier, adapterTimeoutMs);
    }),
    ttlMs: typeof ttlMs === "number" ? () => ttlMs : ttlMs,
    negative,
    windows: { staleWhileRevalidateMs, staleIfErrorMs },
    staleAfterMs,
    partition,
    maxPendingBytes,
  };
}

function assertAdapter(action: string, adapter: unknown): void {
  if (isAdapter(adapter) || isTiers(adapter)) return;
  throw shapeError(
    action,
    "adapter",
    "a cache adapter (name, get, set, delete), or a non-empty array of such",
    adapter,
  );
}

function isTiers(value: unknown): value is readonly CacheAdapter[] {
  return Array.isArray(value) && value.length > 0 && value.every(isAdapter);
}

function assertTtl(action: string, ttlMs: unknown): void {
  if (typeof ttlMs === "function") return assertPromptFunction(action, "ttlMs", ttlMs);
  assertMs(action, "ttlMs", ttlMs, "a number of milliseconds of at least 0, or a function that gives one");
}

function assertAdapterTimeout(action: string, timeoutMs: unknown): void {
  if (typeof timeoutMs === "number" && timeoutMs > 0) return;
  throw argumentError(
    action,
    "adapterTimeoutMs",
    "a positive number of milliseconds, or Infinity",
    timeoutMs,
  );
}

function assertNegative(action: string, negative: unknown): void {
  if (typeof negative !== "object" || negative === null || Array.isArray(negative)) {
    throw shapeError(action, "negative", "{ 404?: ms, 410?: ms }", negative);
  }
  for (const [status, ms] of Object.entries(negative)) {
    const name = `negative.${status}`;
    if (status !== "404" && status !== "410") {
      throw new TypeError(`Cannot ${action} as '${name}' is not an option`);
    }
    assertMs(action, name, ms);
  }
}

/** Throws unless a value is `undefined`, or a valid number of milliseconds. */
function assertMs(
  action: string,
  name: string,
  value: unknown,
  rule = "a number of milliseconds of at least 0",
): void {
  if (value !== undefined && !(typeof value === "number" && value >= 0)) {
    throw argumentError(action, name, rule, value);
  }
}

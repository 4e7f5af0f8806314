/**
 * The options that all plans have in common, and how they are checked.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { isAdapter } from "../cache/is_adapter.ts";
import { mapTiers, tieredCache } from "../cache/tiered.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import {
  argumentError,
  assertFunction,
  assertOptions,
  assertPositiveInteger,
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
   * How long "there is nothing here" is fresh, in milliseconds by status. By the rules of HTTP a server may say so itself, also
   * of some other failures, but 401, 403, 408, 429, 500, 502, 503 and 504 are never stored.
   * @default {none}
   */
  readonly negative?: Readonly<Partial<Record<404 | 410, number | undefined>>> | undefined;
  /**
   * For how long a stale response is given at once while a new one is fetched in the background, in milliseconds (RFC 5861);
   * by the rules of HTTP where the server does not say. The background has a lower priority by 1, and `Client.close` waits for it.
   * @default {0}
   */
  readonly staleWhileRevalidateMs?: number | undefined;
  /**
   * For how long a stale response is given when the network fails or answers with a 5xx, in milliseconds (RFC 5861); by the
   * rules of HTTP where the server does not say.
   * @default {0}
   */
  readonly staleIfErrorMs?: number | undefined;
  /**
   * How long a request for which such a response may be given waits for a network that is failing, in milliseconds; also the
   * end of its `totalTimeoutMs`, or of the `batchTimeoutMs` of its batch, is near enough. What is in flight then goes on in the background.
   * Once one has waited so long, the next ones wait for a first failure alone, until something comes again. `Infinity` waits for all retries.
   * @default {10_000}
   */
  readonly staleAfterMs?: number | undefined;
  /**
   * Whose response it is: requests of one name share responses; `""` is for responses that all may share, `null` for what must not be stored.
   * Only a hash of it is kept. By the rules of HTTP, a change by one of them ends what all have of its URL; for that, a request of a
   * partition reads once more, and there is one small entry for each URL. By default, requests with credentials are `null`, and all others
   * `""`. Credentials are `authorization`, `cookie`, `proxy-authorization`, `host`, the client's `sensitiveHeaders`, headers of a mirror's own, and
   * any header whose name says token, key, secret, session, password, signature, auth, cookie or the like. Those that `use` adds are not
   * seen here, because the cache is in front of it: users of one plan that log in there need a partition each.
   */
  readonly partition?: Partition | undefined;
  /**
   * How long the adapter, or one of several tiers, may take for a read, in milliseconds; `Infinity` for any time. A change may take ten
   * times as long, because no request waits for it. One that takes longer is passed over for ten seconds.
   * @default {1_000}
   */
  readonly adapterTimeoutMs?: number | undefined;
  /**
   * How many bytes of bodies may wait in memory for the adapter to take them; what comes beyond is not stored.
   * @default {67_108_864}
   */
  readonly maxPendingBytes?: number | undefined;
}

/** The same, with how long a response is fresh. */
export interface CommonOptions extends CachePlanOptions {
  readonly ttlMs?: TtlMs | undefined;
}

/** What all options are called. */
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
 * Checks what a plan is made of.
 *
 * @param action What can't be done, as in "Cannot {action} as …".
 * @param adapter Where entries are kept, or several such places, the fastest first.
 * @param options The options.
 * @returns What the policy needs of them.
 * @throws {TypeError} If something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 */
export function readPlanOptions(
  action: string,
  adapter: CacheAdapter | readonly CacheAdapter[],
  options: CommonOptions,
): Omit<CachePolicyOptions, "Rules"> {
  if (!isAdapter(adapter) && !isTiers(adapter)) {
    throw shapeError(
      action,
      "adapter",
      "a cache adapter (name, get, set, delete), or a non-empty array of such",
      adapter,
    );
  }
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
  if (typeof ttlMs !== "function") {
    assertMs(action, "ttlMs", ttlMs, "a number of milliseconds of at least 0, or a function that gives one");
  }
  assertNegative(action, negative);
  for (const [name, value] of Object.entries({ staleWhileRevalidateMs, staleIfErrorMs, staleAfterMs })) {
    assertMs(action, name, value);
  }
  if (partition !== undefined) assertFunction(action, "partition", partition);
  if (!(typeof adapterTimeoutMs === "number" && adapterTimeoutMs > 0)) {
    throw argumentError(
      action,
      "adapterTimeoutMs",
      "a positive number of milliseconds, or Infinity",
      adapterTimeoutMs,
    );
  }
  assertPositiveInteger(action, "maxPendingBytes", maxPendingBytes);
  return {
    given: adapter,
    adapter: mapTiers(
      isAdapter(adapter) ? adapter : tieredCache(adapter),
      (tier) => new PromptAdapter(tier, adapterTimeoutMs),
    ),
    ttlMs: typeof ttlMs === "number" ? () => ttlMs : ttlMs,
    negative,
    windows: { staleWhileRevalidateMs, staleIfErrorMs },
    staleAfterMs,
    partition,
    maxPendingBytes,
  };
}

function isTiers(value: unknown): value is readonly CacheAdapter[] {
  return Array.isArray(value) && value.length > 0 && value.every(isAdapter);
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

/** Throws unless a time is none at all, or may be one. */
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

/**
 * What a client is made of.
 *
 * @module
 */

import * as v from "valibot";
import type { CacheAdapter } from "../cache/cache.ts";
import { DEFAULT_SENSITIVE_HEADERS } from "../http/headers.ts";
import type { BackoffOptions } from "../primitives/backoff.ts";
import type { CircuitBreakerOptions } from "../primitives/circuit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import type { RetryBudgetOptions } from "../primitives/retry_budget.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";
import type { HeaderRecord } from "./request.ts";

/** A mirror with headers of its own. */
export interface MirrorOptions {
  /** The base URL; relative request URLs are appended to its path. */
  readonly url: string | URL;
  /** Headers that go to this mirror only. */
  readonly headers?: HeaderRecord | Headers | undefined;
}

/** How fast attempts may start. */
export interface RateLimitOptions {
  /** How many attempts may start in each interval, on average. */
  readonly limit: number;
  /** The interval, in milliseconds. */
  readonly intervalMs: number;
  /** How many may start at once after a pause; by default as the token bucket's. */
  readonly burst?: number | undefined;
  /**
   * What the limit is for: all of the client's attempts, or each origin's.
   * @default {"client"}
   */
  readonly per?: "client" | "origin" | undefined;
}

/** How a client uses a cache. */
export interface CacheOptions {
  /** Where entries are kept. */
  readonly adapter: CacheAdapter;
  /**
   * `"ttl"` keeps every 200 for `ttlMs` and obeys nothing but `no-store`.
   * @default {"ttl"}
   */
  readonly mode?: "ttl" | undefined;
  /**
   * How long an answer is fresh, in milliseconds, for all URLs or for each; `Infinity` for ever, 0 to store nothing.
   * @default {Infinity}
   */
  readonly ttlMs?: number | ((url: URL) => number) | undefined;
}

/** Options of `createClient`. */
export interface ClientOptions {
  /** Where relative URLs lead to: one base URL, or mirrors of the same content, preferred first. */
  readonly baseUrls?: string | URL | readonly (string | URL | MirrorOptions)[] | undefined;
  /** Headers of every request. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * Headers that must not follow a redirect to another origin, besides `authorization`, `cookie` and
   * `proxy-authorization`; the usual names of API keys by default.
   * @default {["x-api-key", "api-key", "x-auth-token", "x-access-token"]}
   */
  readonly sensitiveHeaders?: readonly string[] | undefined;
  /** What sends requests. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch | undefined;
  /** Where time comes from. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** Where chance comes from, in [0, 1). @default {Math.random} */
  readonly random?: (() => number) | undefined;
  /** Closes the client, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many bodies may be fetched at once; or a semaphore that other clients share.
   * @default {20}
   */
  readonly concurrency?: number | Semaphore | undefined;
  /** How fast attempts may start; or a bucket that other clients share. By default there is no limit. */
  readonly rateLimit?: RateLimitOptions | TokenBucket | undefined;
  /**
   * How many rounds may follow the first; 0 asks each mirror once.
   * @default {3}
   */
  readonly maxRetries?: number | undefined;
  /** The pause between rounds. */
  readonly backoff?: BackoffOptions | undefined;
  /** What bounds the retries of all requests together; `false` for no bound. */
  readonly retryBudget?: RetryBudgetOptions | false | undefined;
  /**
   * The longest wait that a server may ask for, in milliseconds; a longer one fails the request at once.
   * @default {60_000}
   */
  readonly maxRetryAfterMs?: number | undefined;
  /**
   * How long one attempt may take from dispatch to the end of its body, in milliseconds; `Infinity` for any time.
   * @default {30_000}
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long a request may take in all, every wait included, in milliseconds.
   * @default {Infinity}
   */
  readonly totalTimeoutMs?: number | undefined;
  /**
   * The largest body that is accepted, in bytes.
   * @default {Infinity}
   */
  readonly maxBodyBytes?: number | undefined;
  /** The circuit breaker of each origin; `false` for none. */
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  /** The cache; an adapter alone keeps every 200 for ever. By default there is none. */
  readonly cache?: CacheAdapter | CacheOptions | false | undefined;
  /**
   * Whether the network may not be asked.
   * @default {false}
   */
  readonly offline?: boolean | undefined;
  /**
   * Whether schemas are applied.
   * @default {true}
   */
  readonly validate?: boolean | undefined;
  /**
   * Whether 404 and 410 end a request, or the next mirror is asked.
   * @default {true}
   */
  readonly notFoundIsFinal?: boolean | undefined;
}

const number = (what: string) =>
  v.pipe(v.number(`must be ${what}`), v.check((value) => !Number.isNaN(value), `must be ${what}`));
const POSITIVE_MS = "a positive number of milliseconds, or Infinity";
const positiveMs = v.optional(v.pipe(number(POSITIVE_MS), v.gtValue(0, `must be ${POSITIVE_MS}`)));
const WHOLE = "a whole number of at least 0";
const count = v.optional(
  v.pipe(number(WHOLE), v.integer(`must be ${WHOLE}`), v.minValue(0, `must be ${WHOLE}`)),
);
const POSITIVE = "a positive integer";
const positiveInteger = v.pipe(
  number(POSITIVE),
  v.integer(`must be ${POSITIVE}`),
  v.minValue(1, `must be ${POSITIVE}`),
);
const flag = v.optional(v.boolean("must be true or false"));
const callable = v.optional(v.function("must be a function"));
const object = (what: string) =>
  v.custom<object>((value) => typeof value === "object" && value !== null, `must be ${what}`);
const signal = v.optional(v.instance(AbortSignal, "must be an AbortSignal"));
const MAX_BYTES = "a positive number of bytes, or Infinity";

/** What a request may override. */
const requestEntries = {
  signal,
  timeoutMs: positiveMs,
  totalTimeoutMs: positiveMs,
  maxRetries: count,
  maxBodyBytes: v.optional(v.pipe(number(MAX_BYTES), v.gtValue(0, `must be ${MAX_BYTES}`))),
  validate: flag,
  notFoundIsFinal: flag,
  headers: v.optional(object("a record of strings, or Headers")),
};

const clientSchema = v.strictObject({
  ...requestEntries,
  baseUrls: v.optional(
    v.union([
      v.string(),
      v.instance(URL),
      v.array(v.union([v.string(), v.instance(URL), object("a mirror")])),
    ], "must be a URL, or an array of URLs and { url, headers }"),
  ),
  sensitiveHeaders: v.optional(
    v.array(v.string("must be a header name"), "must be an array of header names"),
  ),
  fetch: callable,
  clock: v.optional(object("a Clock")),
  random: callable,
  concurrency: v.optional(
    v.union([positiveInteger, v.instance(Semaphore)], `must be ${POSITIVE}, or a Semaphore`),
  ),
  rateLimit: v.optional(object("{ limit, intervalMs, burst, per }, or a TokenBucket")),
  backoff: v.optional(object("a record of backoff options")),
  retryBudget: v.optional(
    v.union([v.literal(false), object("options")], "must be a record of retry budget options, or false"),
  ),
  maxRetryAfterMs: v.optional(
    v.pipe(
      number("a number of milliseconds of at least 0"),
      v.minValue(0, "must be a number of milliseconds of at least 0"),
    ),
  ),
  circuitBreaker: v.optional(
    v.union([v.literal(false), object("options")], "must be a record of circuit breaker options, or false"),
  ),
  cache: v.optional(
    v.union(
      [v.literal(false), object("a cache")],
      "must be a CacheAdapter, { adapter, mode, ttlMs }, or false",
    ),
  ),
  offline: flag,
}, "must be an object");

const requestSchema = v.strictObject({
  ...requestEntries,
  schema: v.optional(v.custom((value) => isStandardSchema(value), "must be a Standard Schema")),
  as: v.optional(v.picklist(["json", "text", "bytes"], "must be 'json', 'text' or 'bytes'")),
  cache: v.optional(
    v.picklist(
      ["default", "no-store", "reload", "force-cache", "only-if-cached"],
      "must be 'default', 'no-store', 'reload', 'force-cache' or 'only-if-cached'",
    ),
  ),
  readCache: flag,
  writeCache: flag,
  priority: v.optional(number("a number")),
  idempotent: flag,
  concurrency: v.optional(positiveInteger),
  ordered: flag,
  prefetch: count,
  url: v.optional(v.union([v.string(), v.instance(URL)], "must be a string or a URL")),
  method: v.optional(v.string("must be a string")),
  body: v.optional(v.any()),
  key: v.optional(v.string("must be a string")),
}, "must be an object");

function isStandardSchema(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard = (value as { readonly "~standard"?: { readonly validate?: unknown } })["~standard"];
  return typeof standard?.validate === "function";
}

/** The names that stand for sensitive headers unless the client says otherwise. */
export const defaultSensitiveHeaders: readonly string[] = DEFAULT_SENSITIVE_HEADERS;

/**
 * Checks the options of a client.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkClientOptions(options: unknown): void {
  check(clientSchema, options, "create client");
}

/**
 * Checks the options of a request or a batch, or a whole request.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkRequestOptions(options: unknown): void {
  check(requestSchema, options, "fetch");
}

function check(schema: v.GenericSchema, options: unknown, purpose: string): void {
  const result = v.safeParse(schema, options, { abortEarly: true });
  if (result.success) return;
  const [issue] = result.issues;
  const name = v.getDotPath(issue);
  const value = issue.path === undefined ? options : issue.path[issue.path.length - 1]!.value;
  const received = describe(value);
  if (name === null) {
    throw new TypeError(`Cannot ${purpose} as the options ${issue.message}: received ${received}`);
  }
  if (issue.type === "strict_object") throw new TypeError(`Cannot ${purpose} as '${name}' is not an option`);
  const message = `Cannot ${purpose} as '${name}' ${issue.message}: received ${received}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? "a function" : String(value);
  }
  return Array.isArray(value) ? "an array" : `an object of ${value.constructor?.name ?? "no class"}`;
}

/**
 * What a client is made of.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import type { BackoffOptions } from "../primitives/backoff.ts";
import type { CircuitBreakerOptions } from "../primitives/circuit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import type { RetryBudgetOptions } from "../primitives/retry_budget.ts";
import type { Semaphore } from "../primitives/semaphore.ts";
import type { TokenBucket } from "../primitives/token_bucket.ts";
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

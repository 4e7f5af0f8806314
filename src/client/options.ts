/**
 * The options of a client.
 *
 * @module
 */

import type { ClientTransport } from "../http/client_transport.ts";
import type { AdaptiveLimit } from "../primitives/adaptive_limit.ts";
import type { AdaptiveLimitRules } from "../primitives/adaptive_limit_options.ts";
import type { BackoffOptions } from "../primitives/backoff.ts";
import type { ConsecutiveFailureOptions, FailureRatioOptions } from "../primitives/circuit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import type { CachePlan } from "../policies/cache_plan.ts";
import type { HedgeOptions } from "../policies/hedge_options.ts";
import type { Middleware } from "../policies/middleware.ts";
import type { PartialSettings } from "../policies/settings.ts";
import type { Bucket } from "../primitives/bucket.ts";
import type { RetryBudget, RetryBudgetOptions } from "../primitives/retry_budget.ts";
import type { Semaphore } from "../primitives/semaphore.ts";
import type { LearnLimits } from "./limit_learning.ts";
import type { HeaderRecord } from "./request.ts";

/** A mirror with headers, a layout or rules of its own. */
export interface MirrorOptions {
  /** The base URL; relative request URLs are appended to its path. */
  readonly url: string | URL;
  /** Headers that go to this mirror only. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * For a mirror with another layout: maps a request's relative URL, as in `2025@main/a.json?v=1`, to the one that is appended to
   * `url`. The cache knows a resource by the URL before that. If it throws, the call rejects with that error.
   */
  readonly path?: ((path: string) => string) | undefined;
  /**
   * Statuses from 400 that send a request on to the next mirror, besides those that say that this one is in trouble (any 5xx, 408,
   * 425 and 429): 403 for a mirror that refuses what others have, 404 for one that may lag behind.
   * @default {[]}
   */
  readonly moveOn?: readonly number[] | undefined;
}

/** How fast attempts may start. */
export interface RateLimitOptions {
  /** How many attempts may start in each interval, on average. */
  readonly limit: number;
  /** The interval, in milliseconds. */
  readonly intervalMs: number;
  /**
   * How many may start at once after a pause: a positive integer.
   * @default {Math.max(1, Math.floor(limit))}
   */
  readonly burst?: number | undefined;
  /**
   * Whether attempts start evenly, `intervalMs / limit` apart, in place of a burst after each pause: the same as a `burst` of 1, beside which
   * it must be left out.
   * @default {false}
   */
  readonly spread?: boolean | undefined;
  /**
   * What the limit is for: all of the client's attempts, each origin's, or those of each key that `limitKey` gives, in each origin;
   * requests without a key have no limit by key.
   * @default {"client"}
   */
  readonly per?: "client" | "origin" | "key" | undefined;
}

/** A request, as `limitKey` sees it. */
export interface LimitedRequest {
  /** Where it goes; relative if several mirrors could answer it. */
  readonly url: string;
  /** The method, upper case. */
  readonly method: string;
  /** Its headers and the client's, by their names in lower case. */
  readonly headers: HeaderRecord;
}

/**
 * The circuit breaker of each origin. It opens when too many attempts fail, by share or in a row; responses with a 429 and aborts
 * count neither as failures nor as successes.
 */
export type BreakerOptions = (Omit<ConsecutiveFailureOptions, "name"> | Omit<FailureRatioOptions, "name">) & {
  /** What requests do while it is open, unless they say it themselves; see {@linkcode RequestOptions.onOpen}. */
  readonly onOpen?: "fail" | "wait" | undefined;
  /** How old an outage may be that requests wait out, in milliseconds; see {@linkcode RequestOptions.patienceMs}. */
  readonly patienceMs?: number | undefined;
};

/** Limits of each origin. */
export interface PerOriginOptions {
  /**
   * How many bodies may be fetched at once from each origin: a positive integer, or `Infinity`; or the rules of a limit for each
   * origin that adapts itself to how long its responses take, and to how many of them are 429, 503, 504, 529 or attempt timeouts. The
   * client's own `concurrency` holds besides, and should be the larger one. See `AdaptiveLimit` of `@slipstream/fetch/primitives`.
   *
   * A number is the most. Fewer are in flight after a 429, and while the origin seems to have too much to do: half of the attempts fail
   * there, others succeed, and so do retries. It grows again as attempts succeed.
   * @default {Infinity}
   */
  readonly concurrency?: number | AdaptiveLimitRules | undefined;
}

/** Options of `client.extend()`: what an extension may have of its own. */
export type ExtendOptions =
  & {
    /** `false` for no second attempts; by default those of the client that it comes from, within its budget. */
    readonly hedge?: false | undefined;
  }
  & Pick<
    ClientOptions,
    | "baseUrls"
    | "cache"
    | "clientHeadersTo"
    | "headers"
    | "idleTimeoutMs"
    | "maxBodyBytes"
    | "maxRetries"
    | "notFoundIsFinal"
    | "offline"
    | "retryOn"
    | "sensitiveHeaders"
    | "signal"
    | "timeoutMs"
    | "totalTimeoutMs"
    | "use"
    | "validate"
  >;

/** Options of `createClient`; those that it shares with requests hold for all of them. */
export interface ClientOptions extends
  Pick<
    PartialSettings,
    | "maxRetries"
    | "retryOn"
    | "timeoutMs"
    | "idleTimeoutMs"
    | "totalTimeoutMs"
    | "maxBodyBytes"
    | "validate"
    | "notFoundIsFinal"
  > {
  /** Where relative URLs lead to: one base URL, or mirrors of the same content, preferred first. */
  readonly baseUrls?: string | URL | readonly (string | URL | MirrorOptions)[] | undefined;
  /** Headers of every request. Of a `host` Deno's own `fetch` sends nothing: that takes a `transport`. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * Which requests get the client's headers: all of them, or those to the origins of `baseUrls` alone. The latter keeps them from an
   * absolute URL that leads elsewhere, and from a redirect to another origin.
   * @default {"all"}
   */
  readonly clientHeadersTo?: "all" | "mirrors" | undefined;
  /**
   * Headers that must not follow a redirect to another origin, besides `authorization`, `cookie`, `proxy-authorization` and
   * `host`. What is given takes the place of the default: the usual names of API keys and tokens, such as `x-api-key`,
   * `apikey`, `x-goog-api-key`, `x-auth-token`, `x-access-token` and `private-token`.
   * @default {the usual names of API keys and tokens}
   */
  readonly sensitiveHeaders?: readonly string[] | undefined;
  /**
   * What sends requests; in place of a `transport`. A request that had to wait is sent by whatever makes room for it: an
   * `AsyncLocalStorage` may hold what is another caller's there. Not so with middleware (`use`), which runs in the context of its caller.
   * @default {globalThis.fetch}
   */
  readonly fetch?: ((input: string | URL | Request, init?: RequestInit) => Promise<Response>) | undefined;
  /**
   * How connections are made and kept: what `createTransport()` of `@slipstream/fetch/transport` gives. Clients may share one; closing
   * a client leaves it open. By default it is left to the runtime.
   */
  readonly transport?: ClientTransport | undefined;
  /**
   * What runs around each attempt, outermost first: see {@linkcode Middleware}, and `@slipstream/fetch/middleware` for some that
   * are ready-made.
   */
  readonly use?: readonly Middleware[] | undefined;
  /** The source of time. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** The source of random numbers, from 0 (included) to 1 (excluded). @default {Math.random} */
  readonly random?: (() => number) | undefined;
  /** Closes the client, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many bodies may be fetched at once; or a semaphore that other clients share; or a limit that finds out by itself how many, which
   * suits clients of one service.
   * @default {20}
   */
  readonly concurrency?: number | Semaphore | AdaptiveLimit | undefined;
  /** Limits of each origin, besides the client's. */
  readonly perOrigin?: PerOriginOptions | undefined;
  /**
   * How many requests of a batch may wait while others go on: for their turn, for the end of a pause or an outage, or in a
   * backoff. Outcomes of an ordered stream count as well that must wait for one of these.
   * @default {1_000}
   */
  readonly maxWaiting?: number | undefined;
  /**
   * How many requests may be in line when a single one comes and finds no permit, no token, or a pause; then it fails at once with an
   * `OverloadError`, so that the newest is refused first, whatever its priority. 0 refuses all that could not be sent at once. Requests of
   * batches are never refused, but those of them that wait count; so do retries, which are not refused either, because they were taken on
   * before. `client.extend()` shares the line.
   * @default {Infinity}
   */
  readonly maxQueue?: number | undefined;
  /**
   * How long a single request may be in line, in milliseconds, each time that it gets there; then it fails with an `OverloadError`.
   * Requests of batches wait on.
   * @default {Infinity}
   */
  readonly maxQueueMs?: number | undefined;
  /**
   * How fast attempts may start: a rate; several rates, all of which hold at once; a bucket that other clients share; or a function that
   * gives each origin its bucket. An attempt takes a token of each rate that is for it, or of none, at the moment at which it is sent;
   * requests that wait get them by priority. By default there is no limit.
   */
  readonly rateLimit?:
    | RateLimitOptions
    | readonly RateLimitOptions[]
    | Bucket
    | ((origin: string) => Bucket)
    | undefined;
  /**
   * Which requests share limits besides those of their origin, by a key of the caller's, such as the route: called once for each request,
   * when it is made. Of two requests of one origin with the same key, each counts for the other; keys of different origins have nothing in
   * common. A key whose limit is used up delays no other one. `undefined` for none. A request that it throws for rejects with that error.
   */
  readonly limitKey?: ((request: LimitedRequest) => string | undefined) | undefined;
  /**
   * Whether limits are learnt from what responses state, also good ones, so that a request waits for the next window and not for a 429.
   *
   * - `true`: from `RateLimit` and `RateLimit-Policy`, `RateLimit-Remaining`, `X-RateLimit-Remaining` and the like, where the first response of
   *   an origin has such headers, or one that is no success. The headers of all other responses are not looked at.
   * - Names of headers that state limits as `20:1,100:120`: see {@linkcode LimitHeaders}.
   * - A function that says what the headers of a response state. What it throws becomes a warning event.
   * - `false`: not at all; a 429 pauses its origin all the same.
   *
   * All limits that are stated hold together, and of two that contradict each other the stricter one. With a `limitKey`, they are those of
   * the key, unless it is said otherwise. A wait that a 429 names comes first. A quota that is used up is waited for until its
   * reset, but no longer than `maxRetryAfterMs`: then one request finds out how things are.
   * @default {true}
   */
  readonly learnLimits?: LearnLimits | undefined;
  /**
   * When a second attempt is sent beside one that has brought no headers yet: see {@linkcode HedgeOptions}; `false` for never. Only requests
   * are hedged whose method changes nothing (GET, HEAD, OPTIONS, QUERY) and whose body can be sent twice; `idempotent: false` and a
   * request's own `hedge: false` exclude one. The first response wins that is no failure worth a retry, and the other attempt is aborted.
   *
   * A second attempt takes a permit and a token of its own, counts among `attempts`, and is no retry. It is sent only while the breaker is
   * closed and no pause is on, and counts in the `concurrency` of the client, of its origin and of its batch. Where one of these is reached it
   * has the next place, before requests in line; but in a worker that binds timers to requests only free places count.
   * @default {false}
   */
  readonly hedge?: HedgeOptions | false | undefined;
  /**
   * How long a request waits between two rounds; it holds no permit then. By default about 2, 4 and 8 seconds, but in a batch that has
   * nothing else to send a quarter of a second, half a second and so on while its origin answers others; so for a single request with
   * `onOpen: "wait"`, while the client has nothing else to send. What is said here, by `retryOn` or by a response is never shorter.
   */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * What bounds the retries of all requests together, which clients may share; `false` for no bound. While it is used up, a request of a
   * batch waits for it, and a single one fails. By default 20 % of the requests, and ten retries a second, may be retries. While it is
   * used up, one of those that wait goes without it every half second or more seldom, to find out whether retries are of use again: at
   * most one for four retries that were paid for.
   */
  readonly retryBudget?: RetryBudgetOptions | RetryBudget | false | undefined;
  /**
   * The longest wait that a server may ask for, in milliseconds; a longer one fails the request at once. It also says how long an origin is
   * waited for that serves nothing and asks for one pause after the other: after 429s so long, or as long as `patienceMs` if that is more, and
   * after 503s three times as long, or six times where few requests have found that out. Then all that wait for it fail.
   * @default {60_000}
   */
  readonly maxRetryAfterMs?: number | undefined;
  /**
   * Whether a 429 makes all requests to its origin wait, or only the request that got it. So does a 403 that says for how long, if
   * `retryOn` may want it. A 503 that says for how long makes all of them wait, until it turns out that others are served
   * meanwhile: then only a part of the origin is unavailable, and who was refused waits alone.
   * @default {"origin"}
   */
  readonly pauseOn429?: "origin" | "request" | undefined;
  /** The circuit breaker of each origin; `false` for none. By default it opens when 80 % of the results of ten seconds are failures. */
  readonly circuitBreaker?: BreakerOptions | false | undefined;
  /** How responses are cached: a plan of `@slipstream/fetch/cache`. By default they are not. */
  readonly cache?: CachePlan | false | undefined;
  /**
   * Whether the cache alone answers, and nothing is sent.
   * @default {false}
   */
  readonly offline?: boolean | undefined;
}

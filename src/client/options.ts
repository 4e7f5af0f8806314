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
   * For a mirror with another layout: maps a request's relative URL, such as `2025@main/a.json?v=1`, to the one that the client
   * appends to `url`. The cache identifies a resource by the URL before the mapping. If the function throws, the call rejects
   * with that error.
   */
  readonly path?: ((path: string) => string) | undefined;
  /**
   * Statuses from 400 that send a request on to the next mirror, besides those of a mirror in trouble (any 5xx, 408, 425 and
   * 429): 403 for a mirror that refuses files that others serve, 404 for a mirror that may lag behind.
   * @default {[]}
   */
  readonly moveOn?: readonly number[] | undefined;
}

/** How fast attempts may start. */
export interface RateLimitOptions {
  /**
   * How many attempts may start in each interval, on average. For a service that counts strictly, give a little less than its own
   * limit, and `spread`: attempts do not all take the same time to get there.
   */
  readonly limit: number;
  /** The interval, in milliseconds. */
  readonly intervalMs: number;
  /**
   * How many attempts may start at once after a pause: a positive integer. Then up to `limit + burst` attempts may start within
   * one interval.
   * @default {Math.max(1, Math.floor(limit))}
   */
  readonly burst?: number | undefined;
  /**
   * Whether attempts start evenly, `intervalMs / limit` apart, instead of in a burst after each pause. It does the same as a
   * `burst` of 1; give only one of the two.
   * @default {false}
   */
  readonly spread?: boolean | undefined;
  /**
   * The attempts that share the limit: all of the client's, those of each origin, or, within each origin, those of each key that
   * `limitKey` returns. A limit by key does not apply to requests without a key.
   * @default {"client"}
   */
  readonly per?: "client" | "origin" | "key" | undefined;
}

/** A request, as `limitKey` sees it. */
export interface LimitedRequest {
  /** The URL; relative if several mirrors could answer the request. */
  readonly url: string;
  /** The method, upper case. */
  readonly method: string;
  /** The headers of the request and of the client, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The circuit breaker of each origin. It opens when too many attempts fail, by share or in a row; responses with a 429 and aborts
 * count neither as failures nor as successes. While requests wait for the end of an outage, the next probe comes after
 * `cooldownMs`, or after a tenth of the time that the outage has lasted if that is longer; and the last one when their patience
 * ends.
 */
export type BreakerOptions = (Omit<ConsecutiveFailureOptions, "name"> | Omit<FailureRatioOptions, "name">) & {
  /** What requests do while the breaker is open, unless they have the option themselves; see {@linkcode RequestOptions.onOpen}. */
  readonly onOpen?: "fail" | "wait" | undefined;
  /** How old an outage may be for requests to wait for its end, in milliseconds; see {@linkcode RequestOptions.patienceMs}. */
  readonly patienceMs?: number | undefined;
};

/** Limits of each origin. */
export interface PerOriginOptions {
  /**
   * How many bodies the client may fetch at once from each origin: a positive integer, or `Infinity`. Or the rules of an adaptive
   * limit for each origin, which follows how long its responses take, and how many attempts end in a 429, 503, 504, 529 or a
   * timeout. The client's own `concurrency` applies too, and should be larger. See `AdaptiveLimit` of
   * `@slipstream/fetch/primitives`.
   *
   * A number is an upper bound. The client lowers the limit after a 429, and while the origin seems to have too much to do: half
   * of the attempts fail there, but others succeed, and so do retries. The limit grows again as attempts succeed. A lowered limit
   * leaves a place beside the bodies of unknown length, such as streams of events, that have lasted for longer than `timeoutMs`.
   * @default {Infinity}
   */
  readonly concurrency?: number | AdaptiveLimitRules | undefined;
}

/** Options of `client.extend()`: those that an extension may have of its own. */
export type ExtendOptions =
  & {
    /** `false` for no second attempts. By default the extension hedges like the client that it extends, within that client's budget. */
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

/** Options of `createClient`. Those that requests have too are the defaults of all requests. */
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
  /** Headers of every request. Deno's own `fetch` sends no `host` header; use a `transport` for that. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * Which requests get the client's headers: all of them, or only those to the origins of `baseUrls`. With `"mirrors"`, the
   * client does not send them to an absolute URL of another origin, nor after a redirect to another origin.
   * @default {"all"}
   */
  readonly clientHeadersTo?: "all" | "mirrors" | undefined;
  /**
   * Headers that must not follow a redirect to another origin, besides `authorization`, `cookie`, `proxy-authorization` and
   * `host`. A given list replaces the default: the usual names of API keys and tokens, such as `x-api-key`, `apikey`,
   * `x-goog-api-key`, `x-auth-token`, `x-access-token` and `private-token`.
   * @default {the usual names of API keys and tokens}
   */
  readonly sensitiveHeaders?: readonly string[] | undefined;
  /**
   * The function that sends requests, instead of a `transport`. The code that makes room for a waiting request sends it. So the
   * function may run in the async context of another caller, and an `AsyncLocalStorage` may hold that caller's value. Middleware
   * (`use`) always runs in the context of its own caller: with it, if only `(request, next) => next(request)`, tracers such as
   * OpenTelemetry find the right span. What it throws counts as a failure of the network, except an error that no network causes:
   * a `ReferenceError`, an `AssertionError` of a test, or that of a method without its object.
   * @default {globalThis.fetch}
   */
  readonly fetch?: ((input: string | URL | Request, init?: RequestInit) => Promise<Response>) | undefined;
  /**
   * How the client makes and keeps connections: a transport of `createTransport()` of `@slipstream/fetch/transport`. Clients may
   * share one; closing a client leaves it open. By default the runtime looks after connections.
   */
  readonly transport?: ClientTransport | undefined;
  /**
   * Middleware that runs around each attempt, outermost first: see {@linkcode Middleware}, and `@slipstream/fetch/middleware` for
   * ready-made ones.
   */
  readonly use?: readonly Middleware[] | undefined;
  /**
   * The source of time. The fake timers of a test framework work only if they fake `performance.now` as well. With those that
   * don't, as in `node:test` and `@std/testing`, use `{ ...systemClock, now: () => Date.now() }`.
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** The source of random numbers, from 0 (included) to 1 (excluded). @default {Math.random} */
  readonly random?: (() => number) | undefined;
  /** A signal that closes the client when it aborts, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many bodies the client may fetch at once; or a semaphore that other clients share; or an adaptive limit, which finds the
   * number by itself and suits clients of a single service. A body that lasts, such as a stream of events, counts for as long as
   * it is open: give an adaptive limit a `min` above the number of such bodies, because other requests wait while they hold all
   * of it.
   * @default {20}
   */
  readonly concurrency?: number | Semaphore | AdaptiveLimit | undefined;
  /** Limits of each origin, besides the client's. */
  readonly perOrigin?: PerOriginOptions | undefined;
  /**
   * How many requests of a batch may wait while it starts others: for their turn, for the end of a pause or an outage, or in a
   * backoff. Outcomes that an ordered stream holds back because they come after such a request count too.
   * @default {1_000}
   */
  readonly maxWaiting?: number | undefined;
  /**
   * How many requests may be in line. A further single request that finds no permit, no token or a pause fails at once with an
   * `OverloadError`, so that the client refuses the newest request first, whatever its priority. 0 refuses every request that the
   * client can't send at once. The client never refuses requests of batches, nor retries, because it has accepted them before;
   * while they wait, they count. Clients of `client.extend()` share the line.
   * @default {Infinity}
   */
  readonly maxQueue?: number | undefined;
  /**
   * How long a single request may be in line, in milliseconds, each time that it gets in line; then it fails with an
   * `OverloadError`. Requests of batches go on waiting.
   * @default {Infinity}
   */
  readonly maxQueueMs?: number | undefined;
  /**
   * How fast attempts may start: a rate; several rates, all of which apply at once; a bucket that other clients share; or a
   * function that returns the bucket of each origin. An attempt takes its tokens when it is sent: one of each rate that applies
   * to it, or none at all. Waiting requests get tokens by priority. By default there is no limit.
   */
  readonly rateLimit?:
    | RateLimitOptions
    | readonly RateLimitOptions[]
    | Bucket
    | ((origin: string) => Bucket)
    | undefined;
  /**
   * Returns the key, such as the route, by which a request shares limits besides those of its origin; `undefined` for no key. The
   * client calls it once for each request, when the request begins. Requests of one origin with the same key share the key's
   * limits; the same key at another origin has limits of its own. A key whose limit is used up delays no other key. If the
   * function throws, the request rejects with that error.
   */
  readonly limitKey?: ((request: LimitedRequest) => string | undefined) | undefined;
  /**
   * Whether the client learns limits from the headers of responses, also of successful ones, so that a request waits for the next
   * window and does not run into a 429.
   *
   * - `true`: from `RateLimit` and `RateLimit-Policy`, `RateLimit-Remaining`, `X-RateLimit-Remaining` and the like, once the
   *   first response of an origin has these headers, or a later one that is no success. Until then the client looks at the
   *   headers of no other response.
   * - Names of headers that state limits as `20:1,100:120`: see {@linkcode LimitHeaders}.
   * - A function that reads the limits from the headers of a response. If it throws, the client reports a warning event.
   * - `false`: not at all; a 429 pauses its origin all the same.
   *
   * All stated limits apply together; of two contradictory ones, the stricter applies. With a `limitKey`, they apply to the key,
   * unless `per` says otherwise. A wait that a 429 names takes precedence. When a quota is used up, requests wait until its
   * reset, or until fewer requests than allowed are in its window, but no longer than `maxRetryAfterMs`: then one request finds
   * out whether the origin serves again. Limits in headers that you name hold for their whole window.
   * @default {true}
   */
  readonly learnLimits?: LearnLimits | undefined;
  /**
   * When the client sends a second attempt beside one that has brought no headers yet: see {@linkcode HedgeOptions}; `false` for
   * never. The client hedges only requests whose method changes nothing (GET, HEAD, OPTIONS, QUERY) and whose body can be sent
   * twice. It never hedges those of `client.events()`, nor those with `idempotent: false` or `hedge: false` of their own. The
   * first response that is no failure worth a retry wins, and the client aborts the other attempt.
   *
   * A second attempt takes a permit and a token of its own, and counts among `attempts`, but not as a retry. The client sends it
   * only while the breaker is closed and no pause is on. It counts against the `concurrency` of the client, of its origin and of
   * its batch. Where one of these limits is reached, it gets the next free permit, before requests in line; in a worker that
   * binds timers to requests, it is sent only if a permit is free already.
   * @default {false}
   */
  readonly hedge?: HedgeOptions | false | undefined;
  /**
   * How long a request waits between two rounds, without a permit. The default is about 2, 4 and 8 seconds. While its origin
   * answers other requests, it is a quarter of a second, half a second and so on for a batch that has nothing else to send, and
   * for a single request with `onOpen: "wait"` while the client has nothing else to send. A wait that this option, `retryOn` or a
   * response names is never shortened.
   */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * The budget that bounds the retries of all requests together, which clients may share; `false` for no bound. The default
   * allows retries for 20 % of the requests, and ten retries a second. While the budget is used up, a request of a batch waits
   * for it, and a single request fails. Every half second or more seldom, one of the waiting requests goes without the budget, to
   * find out whether retries are of use again: at most one for every four retries that the budget has paid for.
   */
  readonly retryBudget?: RetryBudgetOptions | RetryBudget | false | undefined;
  /**
   * The longest wait that a server may ask for, in milliseconds; a longer one fails the request at once. The option also bounds
   * how long requests wait for an origin that serves nothing and asks for one pause after the other. After 429s, that is this
   * time; after 503s, it is three times as long, or six times where too few requests were refused to be sure; in both cases
   * `patienceMs` if that is more. Then all requests that wait for the origin fail. The default is a minute, and as much more as a
   * time in whole seconds may be rounded up. With a value of more than a day, the client still tries again after a day.
   * @default {60_999}
   */
  readonly maxRetryAfterMs?: number | undefined;
  /**
   * Whether a 429 makes all requests to its origin wait, or only the request that got it. The same applies to a 403 that names a
   * wait, if `retryOn` may want a retry. A 503 that names a wait makes all requests to its origin wait, until it turns out that
   * the origin serves others meanwhile. Then only a part of the origin is unavailable, and only the refused requests wait.
   * @default {"origin"}
   */
  readonly pauseOn429?: "origin" | "request" | undefined;
  /** The circuit breaker of each origin; `false` for none. By default it opens when 80 % of the results of ten seconds are failures. */
  readonly circuitBreaker?: BreakerOptions | false | undefined;
  /** How the client caches responses: a plan of `@slipstream/fetch/cache`. By default it does not cache. */
  readonly cache?: CachePlan | false | undefined;
  /**
   * Whether only the cache answers, and the client sends nothing.
   * @default {false}
   */
  readonly offline?: boolean | undefined;
}

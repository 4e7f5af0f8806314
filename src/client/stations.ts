/**
 * The way of a request: every station in its order, made from a client's options.
 *
 * @module
 */

import { tieredCache } from "../cache/tiered.ts";
import { DEFAULT_SENSITIVE_HEADERS, type HeaderMap, sensitiveNames, toHeaderMap } from "../http/headers.ts";
import { joinUrl } from "../http/url.ts";
import { attemptStation } from "../policies/attempt.ts";
import { cache, type CachePolicyOptions } from "../policies/cache.ts";
import type { Call } from "../policies/call.ts";
import { circuitBreaker } from "../policies/circuit_breaker.ts";
import { coldStart } from "../policies/cold_start.ts";
import { compose } from "../policies/compose.ts";
import { concurrency } from "../policies/concurrency.ts";
import type { Reporter } from "../policies/event.ts";
import { type Mirror, mirrors } from "../policies/mirrors.ts";
import { Origin, Origins } from "../policies/origin.ts";
import type { Environment, Station } from "../policies/policy.ts";
import { rateLimit } from "../policies/rate_limit.ts";
import { retry } from "../policies/retry.ts";
import { singleFlight } from "../policies/single_flight.ts";
import { backoff } from "../primitives/backoff.ts";
import { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { Clock } from "../primitives/clock.ts";
import { DeadlineQueue } from "../primitives/deadline_queue.ts";
import { RetryBudget } from "../primitives/retry_budget.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";
import { currentRuntime } from "../runtime/current.ts";
import { toMirrors } from "./base_urls.ts";
import type { CacheOptions, ClientOptions } from "./options.ts";

/** The runtime's own, unless somebody has replaced it before. */
const nativeFetch = globalThis.fetch;

/** What a client works with. */
export interface Stations {
  /** Where calls enter, behind their total deadline. */
  readonly enter: Station;
  readonly environment: Environment;
  readonly origins: Origins;
  /** Whether relative URLs lead somewhere. */
  readonly hasMirrors: boolean;
  /** How many attempts may be under way at once. */
  readonly semaphore: Semaphore;
}

/**
 * Builds the stations of a client.
 *
 * @param options The client's options, checked.
 * @param clock The clock.
 * @param reporter Where stations report to.
 * @param lifetime What outlives the calls.
 * @returns The stations.
 */
export function buildStations(
  options: ClientOptions,
  clock: Clock,
  reporter: Reporter,
  lifetime: Pick<Environment, "inBackground" | "onAttemptEnd" | "startInBackground">,
): Stations {
  const { maxRetryAfterMs = 60_000, random = Math.random } = options;
  const isNative = () => options.fetch === undefined && globalThis.fetch === nativeFetch;
  const environment: Environment = {
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    heedsSignals: isNative,
    negotiatesHttp2: () => currentRuntime.negotiatesHttp2 && isNative(),
    clock,
    deadlines: new DeadlineQueue(clock),
    reporter,
    counters: { retried: 0, fresh: 0, stale: 0, shared: 0, inFlight: 0, bytes: 0 },
    ...lifetime,
  };
  const headers = toHeaderMap(options.headers, "the client's headers");
  const origins = new Origins(originFactory(options, clock, reporter));
  const sensitive = sensitiveNames(options.sensitiveHeaders ?? DEFAULT_SENSITIVE_HEADERS);
  const bases = toMirrors(options.baseUrls, { origins, headers, sensitive });
  const semaphore = buildSemaphore(options.concurrency);
  const caching = cachingOptions(options.cache);
  const hasBreaker = options.circuitBreaker !== false;
  const onOpen = (options.circuitBreaker || {}).onOpen ?? "fail";
  const enter = compose([
    singleFlight(environment),
    caching === undefined && !options.offline ? undefined : cache(environment, {
      ...caching ?? NO_CACHE,
      offline: options.offline ?? false,
      headers,
      hasCredentials: (call) => hasCredentials(call, { headers, sensitive, bases }),
      absoluteUrl: (call) => absoluteUrl(call, bases),
      variesByMirror: ({ request }, names) =>
        !request.absolute &&
        bases.some((base) => names.some((name) => base.headers[name] !== headers[name])),
    }),
    retry(environment, {
      shutForMs: (call) => hasBreaker && onOpen === "fail" ? shutForMs(call, bases) : 0,
      backoff: backoff({ ...options.backoff, random: options.backoff?.random ?? random }),
      budget: options.retryBudget === false
        ? undefined
        : new RetryBudget(withClock(options.retryBudget ?? {}, clock)),
      maxRetryAfterMs,
    }),
    mirrors(environment, { mirrors: bases, headers, sensitive, onOpen: hasBreaker ? onOpen : "fail" }),
    hasBreaker ? circuitBreaker() : undefined,
    coldStart(environment),
    rateLimit(environment, { bucket: clientBucket(options.rateLimit, clock), maxRetryAfterMs }),
    concurrency(environment, { semaphore, maxRetryAfterMs }),
  ], attemptStation(environment));
  return { enter, environment, origins, hasMirrors: bases.length > 0, semaphore };
}

function originFactory(options: ClientOptions, clock: Clock, reporter: Reporter): (key: string) => Origin {
  const { circuitBreaker: breakerOptions = {}, rateLimit: limit } = options;
  const perOrigin = limit === undefined || limit instanceof TokenBucket || limit.per !== "origin"
    ? undefined
    : limit;
  const create = (key: string): Origin => {
    const breaker = breakerOptions === false
      ? undefined
      : new CircuitBreaker({ ...withClock(breakerOptions, clock), name: key });
    breaker?.on(({ atMs, from, to }) => {
      if (reporter.active) reporter.emit({ type: "breaker", atMs, origin: key, from, to });
    });
    return new Origin(key, breaker, perOrigin === undefined ? undefined : toBucket(perOrigin, clock));
  };
  // What is wrong with these options must be said when the client is made, not when the first origin is met.
  create("");
  return create;
}

/** The options with the client's clock, unless they have one. */
function withClock<T extends { readonly clock?: Clock | undefined }>(options: T, clock: Clock): T {
  return { ...options, clock: options.clock ?? clock };
}

function toBucket(
  options: Exclude<ClientOptions["rateLimit"], TokenBucket | undefined>,
  clock: Clock,
): TokenBucket {
  const { per: _, ...bucketOptions } = options;
  return new TokenBucket({ ...bucketOptions, clock });
}

function clientBucket(limit: ClientOptions["rateLimit"], clock: Clock): TokenBucket | undefined {
  if (limit === undefined || limit instanceof TokenBucket) return limit;
  return limit.per === "origin" ? undefined : toBucket(limit, clock);
}

function buildSemaphore(option: number | Semaphore = 20): Semaphore {
  if (option instanceof Semaphore) return option;
  // What the runtime would hold back unseen is better held back here, where waiting costs no timeout.
  return new Semaphore(Math.min(option, currentRuntime.maxConcurrentRequests));
}

type Caching = Pick<
  CachePolicyOptions,
  "adapter" | "mode" | "ttlMs" | "negative" | "staleWhileRevalidateMs" | "staleIfErrorMs" | "partition"
>;

/** Offline without a cache there is nothing but misses. */
const NO_CACHE: Caching = {
  adapter: undefined,
  mode: "ttl",
  ttlMs: undefined,
  negative: {},
  staleWhileRevalidateMs: undefined,
  staleIfErrorMs: undefined,
  partition: undefined,
};

function cachingOptions(option: ClientOptions["cache"]): Caching | undefined {
  if (option === undefined || option === false) return undefined;
  const options: CacheOptions = "adapter" in option ? option : { adapter: option };
  const { mode = "ttl", ttlMs = mode === "ttl" ? Infinity : undefined, negative = {} } = options;
  const { adapter, staleWhileRevalidateMs, staleIfErrorMs, partition } = options;
  return {
    adapter: "get" in adapter ? adapter : tieredCache(adapter),
    mode,
    ttlMs: typeof ttlMs === "number" ? () => ttlMs : ttlMs,
    negative,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    partition,
  };
}

interface Credentials {
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** The names of headers that are nobody else's business. */
  readonly sensitive: ReadonlySet<string>;
  readonly bases: readonly Mirror[];
}

/** Whether a request carries credentials, to whichever mirror it goes. */
function hasCredentials({ request }: Call, { headers, sensitive, bases }: Credentials): boolean {
  const isSecret = (names: ReadonlySet<string>) => (name: string) => names.has(name);
  if ([request.headers, headers].some((map) => Object.keys(map).some(isSecret(sensitive)))) return true;
  if (request.absolute) return false;
  return bases.some((base) => Object.keys(base.headers).some(isSecret(base.sensitive)));
}

/** How long every breaker that a call could pass refuses it, in milliseconds. */
function shutForMs({ origin }: Call, bases: readonly Mirror[]): number {
  const origins = origin === undefined ? bases.map((base) => base.origin) : [origin];
  return Math.min(...origins.map(({ breaker }) => breaker?.retryAfterMs ?? 0));
}

/** The URL of the resource, by its first mirror when it has several. */
function absoluteUrl({ request }: Call, bases: readonly Mirror[]): string {
  return request.absolute ? request.url : joinUrl(bases[0]!.base, request.url);
}

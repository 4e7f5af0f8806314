/**
 * Makes the lanes of a client as its options say.
 *
 * @module
 */

import { KeyLine } from "../lanes/key_line.ts";
import { KeyedLines } from "../lanes/keyed_lines.ts";
import { Lane } from "../lanes/lane.ts";
import type { LimitBook } from "../lanes/limit_book.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Place } from "../lanes/waiter.ts";
import type { Reporter } from "../policies/event.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import { type Bucket, isFull } from "../primitives/bucket.ts";
import { BucketSet } from "../primitives/bucket_set.ts";
import { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { CircuitBreakerOptions } from "../primitives/circuit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";
import { AdaptiveLanes } from "./adaptive_lanes.ts";
import type { LearntLimits } from "./learnt_limits.ts";
import { isBucket } from "./option_rules.ts";
import type { ClientOptions, RateLimitOptions } from "./options.ts";
import { SETTINGS } from "./settings.ts";

/** The longest time that a probe may take to bring its headers, in milliseconds. */
const PROBE_MS = 5_000;

/** The parts of a client that its lanes use. */
export interface LaneContext {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly scheduler: () => Scheduler;
  /** Returns whether one request goes ahead of the first burst; `undefined` if none ever does. */
  readonly warmsUp: (() => boolean) | undefined;
  /** Makes lanes learn their limits from responses. */
  readonly learning?: LearntLimits | undefined;
}

/**
 * Returns a function that makes the lane of an origin.
 *
 * @param options The client's options.
 * @param context The parts of the client.
 * @returns The function, which makes a lane.
 * @throws {TypeError} If an option of the breaker or of the rate limit is of the wrong type.
 * @throws {RangeError} If one is out of its range.
 */
export function laneFactory(
  options: ClientOptions,
  { clock, reporter, scheduler, warmsUp, learning }: LaneContext,
): (origin: string) => Lane {
  const { rateLimit, limitKey } = options;
  const bucketOf = typeof rateLimit === "function"
    ? checkedBucket(rateLimit)
    : ownBucket(rateLimit, "origin", clock);
  const bucketOfKey = ownBucket(rateLimit, "key", clock);
  const { concurrency } = options.perOrigin ?? {};
  const adaptive = typeof concurrency === "object"
    ? new AdaptiveLanes(concurrency, { clock, reporter, scheduler })
    : undefined;
  const maxInFlight = typeof concurrency === "object" ? adaptive?.initial : concurrency;
  const breakerOf = (origin: string): CircuitBreaker | undefined => {
    if (options.circuitBreaker === false) return undefined;
    const breaker = new CircuitBreaker(breakerOptions(options, clock, origin));
    breaker.on(({ atMs, from, to }) => {
      if (reporter.active) reporter.emit({ type: "breaker", atMs, origin, from, to });
    });
    return breaker;
  };
  // Create one of each now, so that bad options throw here.
  breakerOf("");
  for (const rate of ownRates(rateLimit)) toBucket(rate, clock);
  if (bucketOfKey !== undefined && limitKey === undefined) {
    throw new TypeError(
      "Cannot create client as 'rateLimit.per' must be 'client' or 'origin' where there is no 'limitKey': received 'key'",
    );
  }
  return (key) => {
    const keyed = limitKey === undefined
      ? undefined
      : keyedLines(bucketOfKey, clock, () => learning?.bookOfKey(lane));
    const lane: Lane = new Lane({
      key,
      breaker: breakerOf(key),
      bucket: bucketOf?.(key),
      maxInFlight,
      clock,
      warmsUp,
      keyed,
    });
    scheduler().adopt(lane);
    adaptive?.adopt(lane);
    learning?.adopt(lane);
    return lane;
  };
}

/** Creates the lines of a lane that each have the requests of one limit key. */
function keyedLines(
  bucketOfKey: (() => Bucket) | undefined,
  clock: Clock,
  newBook: () => LimitBook | undefined,
): KeyedLines<Lane> {
  return new KeyedLines<Lane>(
    (name) => {
      const line = new KeyLine<Place<Lane>>(name, bucketOfKey?.());
      line.book = newBook();
      return line;
    },
    ({ bucket, book }) => (bucket === undefined || isFull(bucket)) && (book?.isQuiet(clock.now()) ?? true),
  );
}

function breakerOptions(
  { circuitBreaker, timeoutMs = SETTINGS.timeoutMs.default }: ClientOptions,
  clock: Clock,
  name: string,
): CircuitBreakerOptions {
  const { onOpen: _onOpen, patienceMs: _patienceMs, ...options } = circuitBreaker || {};
  const probeTimeoutMs = Math.min(timeoutMs, PROBE_MS);
  // The client itself decides what counts as a failure, and calls `isFailure` there.
  return {
    probeTimeoutMs,
    ...options,
    clock: options.clock ?? clock,
    name,
    isFailure: undefined,
  };
}

/** Wraps the caller's function, and checks the bucket that it returns. An origin without a rate of its own may have none. */
function checkedBucket(bucketOf: (origin: string) => Bucket): (origin: string) => Bucket | undefined {
  return (origin) => {
    const bucket: Bucket | undefined = bucketOf(origin);
    if (bucket === undefined || isBucket(bucket)) return bucket;
    throw shapeError(
      "fetch",
      "rateLimit()",
      "a bucket with tryTake(), which is not async, and notify()",
      bucket,
    );
  };
}

/** Returns the bucket of all requests, if there is one. */
export function clientBucket(limit: ClientOptions["rateLimit"], clock: Clock): Bucket | undefined {
  if (limit !== undefined && typeof limit !== "function" && "tryTake" in limit) return limit;
  return ownBucket(limit, "client", clock)?.();
}

/** Returns a function that makes a bucket of all rates with the same `per`; `undefined` if there are none. */
function ownBucket(
  limit: ClientOptions["rateLimit"],
  per: NonNullable<RateLimitOptions["per"]>,
  clock: Clock,
): (() => Bucket) | undefined {
  const rates = ownRates(limit).filter((rate) => (rate.per ?? "client") === per);
  if (rates.length === 0) return undefined;
  const [only, ...others] = rates;
  if (others.length === 0) return () => toBucket(only!, clock);
  return () => new BucketSet(rates.map((rate) => toBucket(rate, clock)));
}

function ownRates(limit: ClientOptions["rateLimit"]): readonly RateLimitOptions[] {
  if (typeof limit !== "object") return [];
  if (Array.isArray(limit)) return limit as readonly RateLimitOptions[];
  return "limit" in limit && !("tryTake" in limit) ? [limit] : [];
}

function toBucket({ per: _, spread = false, ...options }: RateLimitOptions, clock: Clock): TokenBucket {
  if (!spread) return new TokenBucket({ ...options, clock });
  if (options.burst === undefined) return new TokenBucket({ ...options, burst: 1, clock });
  throw new TypeError(
    `Cannot create client as 'rateLimit.burst' must be left out beside 'spread': received ${options.burst}`,
  );
}

/**
 * Makes the lanes of a client as its options say.
 *
 * @module
 */

import { Lane } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Reporter } from "../policies/event.ts";
import type { Bucket } from "../primitives/bucket.ts";
import { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { CircuitBreakerOptions } from "../primitives/circuit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";
import { AdaptiveLanes } from "./adaptive_lanes.ts";
import type { ClientOptions, RateLimitOptions } from "./options.ts";

/** A probe is given no longer for its headers, in milliseconds. */
const PROBE_MS = 5_000;

/** What surrounds the lanes of a client. */
export interface LaneSurroundings {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly scheduler: () => Scheduler;
  /** Whether one request goes ahead of the first burst. */
  readonly warmsUp: (() => boolean) | undefined;
}

/**
 * What makes the lane of an origin.
 *
 * @param options The client's options.
 * @param surroundings What belongs to the client.
 * @returns Makes a lane.
 * @throws {TypeError} If an option of the breaker or of the rate limit is of the wrong type.
 * @throws {RangeError} If one is out of its range.
 */
export function laneFactory(
  options: ClientOptions,
  { clock, reporter, scheduler, warmsUp }: LaneSurroundings,
): (origin: string) => Lane {
  const bucketOf = originBucket(options.rateLimit, clock);
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
  if (isOwnRate(options.rateLimit)) toBucket(options.rateLimit, clock);
  return (key) => {
    const lane = new Lane({
      key,
      breaker: breakerOf(key),
      bucket: bucketOf?.(key),
      maxInFlight,
      clock,
      warmsUp,
    });
    scheduler().adopt(lane);
    adaptive?.adopt(lane);
    return lane;
  };
}

function breakerOptions(
  { circuitBreaker, timeoutMs = 30_000 }: ClientOptions,
  clock: Clock,
  name: string,
): CircuitBreakerOptions {
  const { onOpen: _onOpen, patienceMs: _patienceMs, ...options } = circuitBreaker || {};
  const probeTimeoutMs = Math.min(timeoutMs, PROBE_MS);
  // A client judges by itself what is a failure, and asks `isFailure` then.
  return {
    probeTimeoutMs,
    ...options,
    clock: options.clock ?? clock,
    name,
    isFailure: undefined,
  };
}

/** The bucket of all requests, if there is one. */
export function clientBucket(limit: ClientOptions["rateLimit"], clock: Clock): Bucket | undefined {
  if (limit === undefined || typeof limit === "function") return undefined;
  if (!isOwnRate(limit)) return limit;
  return limit.per === "origin" ? undefined : toBucket(limit, clock);
}

function originBucket(
  limit: ClientOptions["rateLimit"],
  clock: Clock,
): ((origin: string) => Bucket) | undefined {
  if (typeof limit === "function") return limit;
  return isOwnRate(limit) && limit.per === "origin" ? () => toBucket(limit, clock) : undefined;
}

function isOwnRate(limit: ClientOptions["rateLimit"]): limit is RateLimitOptions {
  return typeof limit === "object" && "limit" in limit;
}

function toBucket({ per: _, ...options }: RateLimitOptions, clock: Clock): TokenBucket {
  return new TokenBucket({ ...options, clock });
}

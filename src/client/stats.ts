/**
 * The numbers of a client.
 *
 * @module
 */

import type { Lane } from "../lanes/lane.ts";
import type { CircuitState } from "../primitives/circuit_breaker.ts";
import { BucketSet } from "../primitives/bucket_set.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";
import { Histogram } from "./histogram.ts";
import type { Pipeline } from "./pipeline.ts";

/** The numbers of one origin. */
export interface OriginStats {
  /** Attempts sent. */
  readonly attempts: number;
  /** Attempts that brought a response which was no failure of the origin. */
  readonly succeeded: number;
  /**
   * Attempts that ended in a network error, a timeout, or a status that says the origin is in trouble. A 429 and an attempt that
   * was aborted count as neither.
   */
  readonly failed: number;
  /** Body bytes read. */
  readonly bytes: number;
  /** The circuit breaker's state; `closed` without a breaker. */
  readonly breaker: CircuitState;
  /** Whether the client would send a request to the origin now: the circuit breaker lets it pass, and no pause is on. */
  readonly healthy: boolean;
  /** How many attempts may be in flight to the origin now; absent if only the client's own limit bounds them. */
  readonly limit?: number | undefined;
  /** Tokens left in the origin's bucket; with several rates, of the one with the fewest. Absent without a rate limit per origin. */
  readonly tokens?: number | undefined;
}

/** A client's numbers since it was made. */
export interface ClientStats {
  /** Requests that callers made, without those that were malformed, aborted from the start, or made after the client was closed. */
  readonly requests: number;
  /** Requests that brought a value. */
  readonly succeeded: number;
  /** Requests that failed, aborted ones included. */
  readonly failed: number;
  /** Rounds after the first, and requests by which downloads and events went on after a pause, because a body had broken off. */
  readonly retried: number;
  /** Second attempts that were sent beside slow ones. */
  readonly hedged: number;
  /** Second attempts that answered first. */
  readonly hedgesWon: number;
  /** Requests that the cache answered, maybe after a revalidation, or that shared the response of another request; by kind. */
  readonly cacheHits: { readonly fresh: number; readonly stale: number; readonly shared: number };
  /** Attempts whose body has not ended: permits in use. */
  readonly inFlight: number;
  /** Requests that callers wait for and that have no attempt of their own in flight: one that shares a response has none. */
  readonly queued: number;
  /** Body bytes read. */
  readonly bytes: number;
  /** Percentiles of how long requests took, in milliseconds, within 4 %; all 0 before the first request ended. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** The numbers of each origin, such as `https://cdn.example.com`. */
  readonly origins: Readonly<Record<string, OriginStats>>;
}

/** Counts how requests end. */
export class Tally {
  requests = 0;
  succeeded = 0;
  failed = 0;
  /** How long requests took, in milliseconds. */
  readonly durations: Histogram = new Histogram();

  /**
   * Returns a copy of all numbers.
   *
   * @param pipeline The client's pipeline.
   * @param queued The number of requests that callers wait for and that have no attempt in flight.
   */
  snapshot({ environment, lanes }: Pipeline, queued: number): ClientStats {
    const { counters, scheduler, clock } = environment;
    const { retried, hedged, hedgesWon, fresh, stale, shared, bytes } = counters;
    const nowMs = clock.now();
    return {
      requests: this.requests,
      succeeded: this.succeeded,
      failed: this.failed,
      retried,
      hedged,
      hedgesWon,
      cacheHits: { fresh, stale, shared },
      inFlight: scheduler.inFlight,
      queued,
      bytes,
      latencyMs: {
        p50: this.durations.percentile(0.5),
        p95: this.durations.percentile(0.95),
        p99: this.durations.percentile(0.99),
      },
      origins: Object.fromEntries([...lanes.values()].map((lane) => [lane.key, originStats(lane, nowMs)])),
    };
  }
}

function originStats(lane: Lane, nowMs: number): OriginStats {
  const { attempts, succeeded, failed, bytes, breaker, bucket } = lane;
  return {
    attempts,
    succeeded,
    failed,
    bytes,
    breaker: breaker?.state ?? "closed",
    healthy: lane.isHealthy(nowMs),
    limit: lane.limit.current === Infinity ? undefined : lane.limit.current,
    tokens: bucket instanceof TokenBucket || bucket instanceof BucketSet ? bucket.available : undefined,
  };
}

/**
 * cockatiel: bulkheads and circuit breakers.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import {
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  handleAll,
  SamplingBreaker,
} from "npm:cockatiel@4.0.0";
import type { Run } from "../support/rival_terms.ts";

/** Runs tasks, so many at once, and any number waiting. */
export function limit(concurrency: number): Run {
  const policy = bulkhead(concurrency, Infinity);
  return (task) => policy.execute(task);
}

/** Runs tasks through a closed circuit that opens at the fifth failure in a row. */
export function breaker(): Run {
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) });
  return (task) => policy.execute(task);
}

/** Runs tasks through a closed circuit that opens when so many of the last ten seconds' have failed. */
export function samplingBreaker(): Run {
  const breaker = new SamplingBreaker({ threshold: 0.8, duration: 10_000, minimumRps: 2 });
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker });
  return (task) => policy.execute(task);
}

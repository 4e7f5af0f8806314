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

/** Creates a function that runs tasks, at most `concurrency` at once; any number of tasks may wait. */
export function limit(concurrency: number): Run {
  const policy = bulkhead(concurrency, Infinity);
  return (task) => policy.execute(task);
}

/** Creates a function that runs tasks through a closed circuit, which opens after five failures in a row. */
export function breaker(): Run {
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) });
  return (task) => policy.execute(task);
}

/** Creates a function that runs tasks through a closed circuit, which opens if 80 % of the tasks in ten seconds fail. */
export function samplingBreaker(): Run {
  const breaker = new SamplingBreaker({ threshold: 0.8, duration: 10_000, minimumRps: 2 });
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker });
  return (task) => policy.execute(task);
}

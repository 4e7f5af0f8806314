/**
 * The building blocks of a controlled client: limits, a circuit breaker, a retry budget, timers. Each works alone and knows
 * nothing of HTTP.
 *
 * @example At most 20 at once, at most 100 a second
 * ```ts
 * import { Semaphore, TokenBucket } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(20);
 * const bucket = new TokenBucket({ limit: 100, intervalMs: 1_000 });
 *
 * async function controlled<T>(work: () => Promise<T>): Promise<T> {
 *   await bucket.take();
 *   return await semaphore.run(work);
 * }
 *
 * assertEquals(await controlled(() => Promise.resolve("done")), "done");
 * ```
 *
 * @module
 */

export {
  CircuitOpenError,
  type CircuitOpenErrorOptions,
  type NetworkError,
  type SlipstreamError,
  type SlipstreamErrorOptions,
} from "../errors.ts";
export {
  AdaptiveLimit,
  type AdaptiveLimitOptions,
  type AdaptivePermit,
  type LimitOutcome,
} from "./adaptive_limit.ts";
export type { AdaptiveLimitRules, LimitAlgorithm } from "./adaptive_limit_options.ts";
export { type Backoff, backoff, type BackoffJitter, type BackoffOptions } from "./backoff.ts";
export type { Bucket } from "./bucket.ts";
export {
  CircuitBreaker,
  type CircuitBreakerRunOptions,
  type CircuitResult,
  type CircuitState,
  type CircuitStateChange,
} from "./circuit_breaker.ts";
export type {
  CircuitBreakerCommonOptions,
  CircuitBreakerOptions,
  ConsecutiveFailureOptions,
  FailureRatioOptions,
} from "./circuit_options.ts";
export { type Clock, MAX_TIMER_MS, systemClock, type TimerHandle } from "./clock.ts";
export {
  type Deadline,
  DeadlineQueue,
  type Deadlines,
  type DeadlineTarget,
  type SleepOptions,
} from "./deadline_queue.ts";
export { Permit } from "./permit.ts";
export { RetryBudget, type RetryBudgetOptions } from "./retry_budget.ts";
export { type AcquireOptions, Semaphore, type SemaphoreRunOptions } from "./semaphore.ts";
export { SingleFlight, type SingleFlightRunOptions } from "./single_flight.ts";
export { type SpawnOptions, TaskGroup, type TaskGroupOptions, type TaskHandle } from "./task_group.ts";
export {
  type TakeOptions,
  TokenBucket,
  type TokenBucketOptions,
  type TokenBucketRate,
} from "./token_bucket.ts";

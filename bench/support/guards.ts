/**
 * The guards that the benchmarks of primitives compare: this module's primitives and their rivals, each as a function that
 * runs a task.
 *
 * @module
 */

import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  Semaphore,
  TokenBucket,
} from "../../src/primitives/mod.ts";
import type { Run } from "./rival_terms.ts";
import { loadRival } from "./rivals.ts";

/** The name of a guard, which runs tasks. */
export type Guard =
  | "Semaphore.run"
  | "Semaphore.acquire"
  | "CircuitBreaker.run, in a row"
  | "CircuitBreaker.run, by share"
  | "semaphore + bucket + breaker"
  | "cockatiel bulkhead"
  | "cockatiel ConsecutiveBreaker"
  | "cockatiel SamplingBreaker"
  | "async-sema"
  | "p-limit"
  | "bottleneck"
  | "opossum"
  | "p-limit + limiter + cockatiel"
  | "no guard"
  | "try and finally";

/** A rate that no benchmark reaches, so that no bucket is ever empty. */
const TOKENS_PER_SECOND = 1_000_000_000;
const CONCURRENCY = 20;

/** Creates each guard; for a rival that can't be loaded, the promise rejects. */
const GUARDS: Readonly<Record<Guard, () => Run | Promise<Run>>> = {
  "Semaphore.run": () => semaphoreRun(),
  "Semaphore.acquire": () => semaphoreAcquire(),
  "CircuitBreaker.run, in a row": () => breakerRun({ threshold: 5 }),
  "CircuitBreaker.run, by share": () => breakerRun(),
  "semaphore + bucket + breaker": () => stack(breakerRun(), ownTake(), semaphoreRun()),
  "cockatiel bulkhead": async () => (await loadRival("cockatiel")).limit(CONCURRENCY),
  "cockatiel ConsecutiveBreaker": async () => (await loadRival("cockatiel")).breaker(),
  "cockatiel SamplingBreaker": async () => (await loadRival("cockatiel")).samplingBreaker(),
  "async-sema": async () => (await loadRival("async_sema")).limit(CONCURRENCY),
  "p-limit": async () => (await loadRival("p_limit")).limit(CONCURRENCY),
  "bottleneck": async () => (await loadRival("bottleneck")).limit(CONCURRENCY),
  "opossum": async () => (await loadRival("opossum")).breaker(),
  "p-limit + limiter + cockatiel": async () =>
    stack(
      (await loadRival("cockatiel")).breaker(),
      (await loadRival("limiter")).take(TOKENS_PER_SECOND),
      (await loadRival("p_limit")).limit(CONCURRENCY),
    ),
  "no guard": () => (task) => task(),
  "try and finally": () => tryAndFinally(),
};

/**
 * Creates a guard.
 *
 * @throws {RivalUnavailableError} If `name` is a rival that can't be loaded.
 */
export async function createGuard(name: Guard): Promise<Run> {
  return await GUARDS[name]();
}

/** Runs `count` tasks, one after the other. */
export async function runTasks(run: Run, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await run(task);
}

/** Does nothing, so that the time of a task is the cost of its guard. */
export async function task(): Promise<void> {
  // Nothing.
}

function semaphoreRun(): Run {
  const semaphore = new Semaphore(CONCURRENCY);
  return (task) => semaphore.run(task);
}

function semaphoreAcquire(): Run {
  const semaphore = new Semaphore(CONCURRENCY);
  return async (task) => {
    const permit = await semaphore.acquire();
    try {
      return await task();
    } finally {
      permit.release();
    }
  };
}

function breakerRun(options?: CircuitBreakerOptions): Run {
  const breaker = new CircuitBreaker(options);
  return (task) => breaker.run(task);
}

function ownTake(): () => Promise<unknown> {
  const bucket = new TokenBucket({ limit: TOKENS_PER_SECOND, intervalMs: 1_000 });
  return () => bucket.take();
}

/** Combines three guards: a task first passes the breaker, then takes a token, then a permit. */
function stack(breaker: Run, take: () => Promise<unknown>, limit: Run): Run {
  return (task) =>
    breaker(async () => {
      await take();
      return await limit(task);
    });
}

/** Runs a task in `try` and `finally`: the least that a guard costs which must release something afterwards. */
function tryAndFinally(): Run {
  let inUse = 0;
  return async (task) => {
    inUse++;
    try {
      return await task();
    } finally {
      inUse--;
    }
  };
}

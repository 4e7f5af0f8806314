/**
 * Those that the benchmarks of primitives compare: this module's primitives and their rivals, each as a function that runs a
 * task.
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

/** What runs tasks. */
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

/** More than anyone takes, so that no bucket ever runs dry. */
const TOKENS_PER_SECOND = 1_000_000_000;
const CONCURRENCY = 20;

/** How each is made; rivals may be missing. */
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
 * Makes a guard.
 *
 * @throws {RivalUnavailableError} If it is a rival that can't be loaded.
 */
export async function createGuard(name: Guard): Promise<Run> {
  return await GUARDS[name]();
}

/** Runs so many tasks, one after the other. */
export async function runTasks(run: Run, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await run(task);
}

/** The least that a guard can guard. */
export async function task(): Promise<void> {
  // Nothing: what it costs is the guard.
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

/** A breaker around a token around a permit. */
function stack(breaker: Run, take: () => Promise<unknown>, limit: Run): Run {
  return (task) =>
    breaker(async () => {
      await take();
      return await limit(task);
    });
}

/** What everyone pays who gives anything back in the end. */
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

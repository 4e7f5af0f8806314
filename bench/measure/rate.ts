/**
 * Does a rate limit keep its rate, and never exceed it?
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { type Clock, systemClock, TokenBucket } from "../../src/primitives/mod.ts";
import { urls } from "../support/batches.ts";
import { createFakeFetch } from "../support/fake_fetch.ts";
import { program } from "../support/program.ts";

/** Options. */
export interface RateOptions {
  /** A bucket with callers who always wait, or a client that streams requests under its `rateLimit`. */
  readonly subject: "bucket" | "client";
  readonly tokensPerSecond: number;
  readonly burst: number;
  readonly seconds: number;
}

/** The grants of one run, in tokens. */
export interface RateResult {
  /** The number of tokens that were granted in the given time. */
  readonly granted: number;
  /** By how many tokens the fullest stretch of time, of any length t, exceeded burst + rate · t. */
  readonly mostOver: number;
}

/** Keeps the time of the last reading, because the bucket grants tokens by exactly that time. */
class NotedClock implements Clock {
  lastMs = 0;
  now = (): number => this.lastMs = systemClock.now();
  wallNow = (): number => systemClock.wallNow();
  setTimeout: Clock["setTimeout"] = (callback, ms) => systemClock.setTimeout(callback, ms);
  clearTimeout: Clock["clearTimeout"] = (handle) => systemClock.clearTimeout(handle);
}

await program(async (options: RateOptions): Promise<RateResult> => {
  const { tokensPerSecond, burst, seconds } = options;
  const startedAt = performance.now();
  const total = Math.ceil(tokensPerSecond * seconds * 1.1) + burst;
  const grants = options.subject === "bucket"
    ? await bucketGrants(options, total)
    : await clientGrants(options, total);
  const first = grants[0] ?? startedAt;
  const granted = grants.filter((atMs) => atMs < first + seconds * 1_000).length;
  return { granted, mostOver: mostOver(grants, tokensPerSecond / 1_000) - burst };
});

/** Returns the times of the grants of a bucket, in milliseconds; all callers wait from the start. */
async function bucketGrants({ tokensPerSecond, burst }: RateOptions, total: number): Promise<number[]> {
  const clock = new NotedClock();
  const bucket = new TokenBucket({ limit: tokensPerSecond, intervalMs: 1_000, burst, clock });
  const grants: number[] = [];
  const callers: Promise<unknown>[] = [];
  for (let index = 0; index < total; index++) {
    callers.push(bucket.take().then(() => grants.push(clock.lastMs)));
  }
  await Promise.all(callers);
  return grants;
}

/** Returns the times when a client dispatched its requests, in milliseconds. */
async function clientGrants({ tokensPerSecond, burst }: RateOptions, total: number): Promise<number[]> {
  const grants: number[] = [];
  const answer = createFakeFetch();
  await using client = createClient({
    rateLimit: { limit: tokensPerSecond, intervalMs: 1_000, burst },
    fetch(input, init) {
      grants.push(performance.now());
      return answer(input, init);
    },
  });
  for await (const outcome of client.stream(urls(total))) {
    if (!outcome.ok) throw outcome.error;
  }
  return grants;
}

/**
 * Returns the maximum, over all stretches from one grant to another, of the number of grants minus the tokens that the rate
 * adds in that time. With g(i) = i − rate · t(i), this is the greatest g(j) − g(i) + 1 for i ≤ j.
 */
function mostOver(grants: readonly number[], tokensPerMs: number): number {
  let lowest = Infinity;
  let most = -Infinity;
  for (const [index, atMs] of grants.entries()) {
    const level = index - tokensPerMs * atMs;
    lowest = Math.min(lowest, level);
    most = Math.max(most, level - lowest + 1);
  }
  return most;
}

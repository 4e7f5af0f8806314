/**
 * Counters that decide when a circuit has seen too many failures.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { WindowedCount } from "./windowed_count.ts";

/** Counts the results of a closed circuit. */
export interface FailureCounter {
  /**
   * Counts a success.
   *
   * @param startedAtMs When the call began, if the caller knows it.
   * @param nowMs The clock's time, from a caller that has just read it.
   */
  success(startedAtMs?: number, nowMs?: number): void;
  /**
   * Counts a failure.
   *
   * @param startedAtMs When the call began, if the caller knows it.
   * @returns Whether there are too many failures now.
   */
  failure(startedAtMs?: number): boolean;
  /** Drops all results. */
  clear(): void;
  /** Whether no failure is counted. */
  readonly isQuiet: boolean;
}

/** Counts failures in a row: `threshold` failures without a success between them are too many. */
export class ConsecutiveFailures implements FailureCounter {
  readonly #threshold: number;
  #failures = 0;

  /** Creates a counter. */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** @inheritdoc */
  success(): void {
    this.#failures = 0;
  }

  /** @inheritdoc */
  failure(): boolean {
    return ++this.#failures >= this.#threshold;
  }

  /** @inheritdoc */
  clear(): void {
    this.#failures = 0;
  }

  /** @inheritdoc */
  get isQuiet(): boolean {
    return this.#failures === 0;
  }
}

/** How long a run of `minimumRequests` failures must last to be an outage, whatever the window holds, in milliseconds. */
const OUTAGE_MS = 250;
/** How many times `minimumRequests` a run of failures must have to be an outage in less time. */
const OUTAGE_FACTOR = 5;
/** How many successes of calls that began after a failing call show that its failure says nothing about the present. */
const FEW_SERVED = 5;
/** Makes the bound a little smaller: if rounding makes the product a little too large, it must not take one failure more. */
const ROUNDING = 0.999_999_999_999;

/**
 * Counts the share of failures in a sliding window. There are too many failures in two cases, both only when the window holds
 * `minimumRequests` results. First, if their share is `failureRatio` or more. Second, after a run of nothing but failures:
 * `minimumRequests` of them over at least a quarter of a second, or five times as many in any time. Without the second case, a
 * window full of successes would notice an outage only after these successes have left it.
 *
 * Results may come late, so the counter compares when calls began. A success does not end a run of failures if its call began
 * before the first failing call of the run did. A failure is not counted if the five latest successes are of calls that began
 * later: it says nothing about the present. If the clock goes back, calls that began in what is the future then began before all
 * others.
 */
export class FailureRatio implements FailureCounter {
  readonly #failureRatio: number;
  readonly #minimumRequests: number;
  readonly #clock: Clock;
  readonly #results: WindowedCount;
  readonly #failures: WindowedCount;
  /** The number of failures in the current run, when the first of them came, and when its call began. */
  #inARow = 0;
  #failingSinceMs = 0;
  #firstStartedAtMs = 0;
  /** When the calls of the latest successes began, and the index of the oldest of these. */
  readonly #servedSinceMs: number[] = Array(FEW_SERVED).fill(-Infinity);
  #turn = 0;

  /** Creates a counter with an empty window. */
  constructor(failureRatio: number, minimumRequests: number, windowMs: number, clock: Clock) {
    const nowMs = clock.now();
    this.#failureRatio = failureRatio;
    this.#minimumRequests = minimumRequests;
    this.#clock = clock;
    this.#results = new WindowedCount(windowMs, nowMs);
    this.#failures = new WindowedCount(windowMs, nowMs);
  }

  /** @inheritdoc */
  success(startedAtMs?: number, nowMs: number = this.#clock.now()): void {
    if (startedAtMs === undefined) this.#inARow = 0;
    else {
      const isLater = startedAtMs > this.#firstStartedAtMs || this.#firstStartedAtMs > nowMs;
      if (this.#inARow > 0 && isLater) this.#inARow = 0;
      this.#servedSinceMs[this.#turn] = startedAtMs;
      this.#turn = (this.#turn + 1) % FEW_SERVED;
    }
    this.#results.add(nowMs);
  }

  /** @inheritdoc */
  failure(startedAtMs?: number): boolean {
    const beganAtMs = startedAtMs ?? Infinity;
    const nowMs = this.#clock.now();
    if (this.#servedSinceMs.every((servedMs) => servedMs > beganAtMs && servedMs <= nowMs)) return false;
    this.#results.add(nowMs);
    this.#failures.add(nowMs);
    if (this.#inARow++ === 0) {
      this.#failingSinceMs = nowMs;
      this.#firstStartedAtMs = startedAtMs ?? -Infinity;
    }
    const least = this.#minimumRequests;
    const results = this.#results.total(nowMs);
    // A run may be older than the window: then the results in it say too little about the present.
    if (results < least) return false;
    if (this.#failures.total(nowMs) >= this.#failureRatio * results * ROUNDING) return true;
    if (this.#inARow < least) return false;
    this.#failingSinceMs = Math.min(this.#failingSinceMs, nowMs);
    return nowMs - this.#failingSinceMs >= OUTAGE_MS || this.#inARow >= OUTAGE_FACTOR * least;
  }

  /** @inheritdoc */
  clear(): void {
    this.#inARow = 0;
    this.#servedSinceMs.fill(-Infinity);
    this.#results.clear();
    this.#failures.clear();
  }

  /** @inheritdoc */
  get isQuiet(): boolean {
    return this.#failures.total(this.#clock.now()) === 0;
  }
}

/**
 * When a circuit has seen too many failures.
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
   * @param startedAtMs When the call began, if that is known.
   * @param nowMs What the clock says, for a caller that has just read it.
   */
  success(startedAtMs?: number, nowMs?: number): void;
  /**
   * Counts a failure, and says whether it is one too many.
   *
   * @param startedAtMs When the call began, if that is known.
   */
  failure(startedAtMs?: number): boolean;
  /** Forgets all. */
  clear(): void;
  /** Whether no failure is counted. */
  readonly isQuiet: boolean;
}

/** Too many are `threshold` failures without a success between them. */
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

/** How long nothing but failures must have come for the old successes of a window not to matter, in milliseconds. */
const OUTAGE_MS = 250;
/** How many times `minimumRequests` of them are enough in less time. */
const OUTAGE_FACTOR = 5;
/** So many successes whose calls began after one that fails are no chance. */
const FEW_SERVED = 5;
/** A product that rounding makes a little too large must not need one failure more. */
const ROUNDING = 0.999_999_999_999;

/**
 * Too many is a share of `failureRatio` or more of the results of a sliding window, once it holds `minimumRequests`; or
 * nothing but failures, `minimumRequests` of them over at least a quarter of a second, or five times as many: a window full of
 * successes would notice an outage only when they have left it. A success whose call began before the failures did says nothing
 * of them, and a failure that comes so late that five calls that began after it have succeeded says nothing of now.
 */
export class FailureRatio implements FailureCounter {
  readonly #failureRatio: number;
  readonly #minimumRequests: number;
  readonly #clock: Clock;
  readonly #results: WindowedCount;
  readonly #failures: WindowedCount;
  /** Failures in a row, when the first of them came, and when its call had begun. */
  #inARow = 0;
  #failingSinceMs = 0;
  #firstStartedAtMs = 0;
  /** When the calls began that have succeeded last. */
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
      if (this.#inARow > 0 && startedAtMs > this.#firstStartedAtMs) this.#inARow = 0;
      this.#servedSinceMs[this.#turn] = startedAtMs;
      this.#turn = (this.#turn + 1) % FEW_SERVED;
    }
    this.#results.add(nowMs);
  }

  /** @inheritdoc */
  failure(startedAtMs?: number): boolean {
    const beganAtMs = startedAtMs ?? Infinity;
    if (this.#servedSinceMs.every((servedMs) => servedMs > beganAtMs)) return false;
    const nowMs = this.#clock.now();
    this.#results.add(nowMs);
    this.#failures.add(nowMs);
    if (this.#inARow++ === 0) {
      this.#failingSinceMs = nowMs;
      this.#firstStartedAtMs = startedAtMs ?? -Infinity;
    }
    const least = this.#minimumRequests;
    const results = this.#results.total(nowMs);
    // What is older than the window says nothing of now.
    if (results < least) return false;
    if (this.#failures.total(nowMs) >= this.#failureRatio * results * ROUNDING) return true;
    if (this.#inARow < least) return false;
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

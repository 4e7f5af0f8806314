/**
 * When a circuit has seen too many failures.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { WindowedCount } from "./windowed_count.ts";

/** Counts the results of a closed circuit. */
export interface FailureCounter {
  /** Counts a success. */
  success(): void;
  /** Counts a failure, and says whether it is one too many. */
  failure(): boolean;
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

/** Too many is a share of `failureRatio` or more of the results of a sliding window, once it holds `minimumRequests`. */
export class FailureRatio implements FailureCounter {
  readonly #failureRatio: number;
  readonly #minimumRequests: number;
  readonly #clock: Clock;
  readonly #results: WindowedCount;
  readonly #failures: WindowedCount;

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
  success(): void {
    this.#results.add(this.#clock.now());
  }

  /** @inheritdoc */
  failure(): boolean {
    const nowMs = this.#clock.now();
    this.#results.add(nowMs);
    this.#failures.add(nowMs);
    const results = this.#results.total(nowMs);
    return results >= this.#minimumRequests && this.#failures.total(nowMs) >= this.#failureRatio * results;
  }

  /** @inheritdoc */
  clear(): void {
    this.#results.clear();
    this.#failures.clear();
  }

  /** @inheritdoc */
  get isQuiet(): boolean {
    return this.#failures.total(this.#clock.now()) === 0;
  }
}

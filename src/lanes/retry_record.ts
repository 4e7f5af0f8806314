/**
 * The record of an origin's recent retries.
 *
 * @module
 */

import { WindowedCount } from "../primitives/windowed_count.ts";

/** How long the outcome of a retry counts in the rate of success, in milliseconds. */
const WINDOW_MS = 60_000;
/** The fewest retries that say something. */
const FEWEST = 8;
/** If less than this share of the retries succeed, failures do not pass by themselves. */
const LOWEST_RATE = 0.1;
/** No success is certain, so the rate counts as this at most. */
const HIGHEST_RATE = 0.99;
/** A request that needs more retries than all but one in ten thousand is not like the others. */
const BAD_LUCK = 0.0001;

/**
 * The pace of retries. Within this time, in milliseconds, a constant number may be sent, and a multiple of those that have
 * succeeded in it.
 */
const PACE_MS = 1_000;
const SLOWEST_PACE = 10;
const PACE_GAIN = 1.5;

/**
 * Records the retries of patient requests, and their successes. An origin at capacity refuses what it can't take, and serves it
 * the next time or the time after. So the more retries succeed, the faster the next ones may follow, and the more retries a
 * request has.
 */
export class RetryRecord {
  readonly #sentLately: WindowedCount;
  readonly #rescuedLately: WindowedCount;
  readonly #ended: WindowedCount;
  readonly #rescued: WindowedCount;

  /** Creates an empty record. */
  constructor(nowMs: number) {
    this.#sentLately = new WindowedCount(PACE_MS, nowMs);
    this.#rescuedLately = new WindowedCount(PACE_MS, nowMs);
    this.#ended = new WindowedCount(WINDOW_MS, nowMs);
    this.#rescued = new WindowedCount(WINDOW_MS, nowMs);
  }

  /**
   * Whether one more retry may be sent: within a second, ten and one and a half times as many as have succeeded in the last
   * second.
   */
  mayRetry(nowMs: number): boolean {
    return this.#sentLately.total(nowMs) < SLOWEST_PACE + PACE_GAIN * this.#rescuedLately.total(nowMs);
  }

  /** Counts a retry that is sent. */
  noteSent(nowMs: number): void {
    this.#sentLately.add(nowMs);
  }

  /** Counts a retry that has ended; it is a rescue if it has succeeded. */
  noteEnd(isRescue: boolean, nowMs: number): void {
    this.#ended.add(nowMs);
    if (!isRescue) return;
    this.#rescued.add(nowMs);
    this.#rescuedLately.add(nowMs);
  }

  /**
   * Returns how many retries all but one in ten thousand requests need, if each retry is as likely to succeed as the recorded
   * ones.
   *
   * @returns The number; 0 if there were too few retries to tell, or too few of them succeeded.
   */
  retriesNeeded(nowMs: number): number {
    const ended = this.#ended.total(nowMs);
    const rate = this.#rescued.total(nowMs) / ended;
    if (ended < FEWEST || rate < LOWEST_RATE) return 0;
    return Math.ceil(Math.log(BAD_LUCK) / Math.log(1 - Math.min(rate, HIGHEST_RATE)));
  }
}

/**
 * What has become of the retries of an origin lately.
 *
 * @module
 */

import { WindowedCount } from "../primitives/windowed_count.ts";

/** For how long a retry says how likely the next one is to succeed, in milliseconds. */
const WINDOW_MS = 60_000;
/** So many retries say something. */
const FEWEST = 8;
/** If not even this share of the retries succeed, failures do not pass by themselves. */
const LOWEST_RATE = 0.1;
/** No success is certain. */
const HIGHEST_RATE = 0.99;
/** A request that would have succeeded by now, but for one in ten thousand, is not like the others. */
const BAD_LUCK = 0.0001;

/** How fast retries may follow each other, which grows with those that succeed. */
const PACE_MS = 1_000;
const SLOWEST_PACE = 10;
const PACE_GAIN = 1.5;

/**
 * Counts the retries of requests that may wait, and those that have succeeded. An origin that is full refuses what it can't take, and serves it
 * the next time or the time after: so the more retries succeed, the faster the next ones follow, and the more of them a request has.
 */
export class RetryRecord {
  readonly #sentLately: WindowedCount;
  readonly #rescuedLately: WindowedCount;
  readonly #ended: WindowedCount;
  readonly #rescued: WindowedCount;

  /** Knows of no retries yet. */
  constructor(nowMs: number) {
    this.#sentLately = new WindowedCount(PACE_MS, nowMs);
    this.#rescuedLately = new WindowedCount(PACE_MS, nowMs);
    this.#ended = new WindowedCount(WINDOW_MS, nowMs);
    this.#rescued = new WindowedCount(WINDOW_MS, nowMs);
  }

  /** Whether one more may be sent: ten a second may, and one and a half times as many as have succeeded within the last one. */
  mayRetry(nowMs: number): boolean {
    return this.#sentLately.total(nowMs) < SLOWEST_PACE + PACE_GAIN * this.#rescuedLately.total(nowMs);
  }

  /** A retry is sent. */
  noteSent(nowMs: number): void {
    this.#sentLately.add(nowMs);
  }

  /** A retry has ended; it is a rescue if it has brought what was asked for. */
  noteEnd(isRescue: boolean, nowMs: number): void {
    this.#ended.add(nowMs);
    if (!isRescue) return;
    this.#rescued.add(nowMs);
    this.#rescuedLately.add(nowMs);
  }

  /** Whether hardly any of those that have ended succeeded; not as long as there were too few to tell. */
  areInVain(nowMs: number): boolean {
    const ended = this.#ended.total(nowMs);
    return ended >= FEWEST && this.#rescued.total(nowMs) < LOWEST_RATE * ended;
  }

  /** Whether enough of those that have ended succeeded; not as long as there were too few to tell. */
  areOfUse(nowMs: number): boolean {
    return this.#ended.total(nowMs) >= FEWEST && !this.areInVain(nowMs);
  }

  /**
   * How many retries a request needs that is as likely to succeed each time as the others were, in all but one case in ten thousand.
   *
   * @returns The number; 0 if there were too few retries to tell, or too few of them were of use.
   */
  retriesNeeded(nowMs: number): number {
    if (!this.areOfUse(nowMs)) return 0;
    const rate = this.#rescued.total(nowMs) / this.#ended.total(nowMs);
    return Math.ceil(Math.log(BAD_LUCK) / Math.log(1 - Math.min(rate, HIGHEST_RATE)));
  }
}

/**
 * How many requests may be in flight to one origin.
 *
 * @module
 */

import type { LimitEstimator } from "../primitives/limit_estimator.ts";

/**
 * A limit that was too much before is tried again after so many times as many successes, twice that each time that it is too much again, and
 * half of that each time that it is not.
 */
const FIRST_CAUTION = 8;
const MOST_CAUTION = 128;

/** What fails may fail by chance: a few failures make no one more careful than that. */
const MORE_CAUTION = 16;

/** What fails so late was not refused, in milliseconds. */
export const SLOW_MS = 1_000;

/** It is not tried before so many times as much time has passed as it cost to find out that it was too much. */
export const COST_FACTOR = 16;

/**
 * Halved when the origin says that it is too much, raised again by successes. What it follows, where an estimator adapts it, never
 * raises what was lowered for another reason.
 */
export class LaneLimit {
  /** The most while all is well. */
  most: number;
  /** How many there may be now. */
  current: number;
  /** What adapts it, where it adapts itself. */
  #estimator: LimitEstimator | undefined;
  /** How many there may be after what was too much; `Infinity` while nothing was. */
  #lowered = Infinity;
  /** Successes since that was changed. */
  #gained = 0;
  /** The most that was not too much, when the limit was lowered last. */
  #ceiling = Infinity;
  /** How many times as many successes it takes to grow beyond that, and until when it is not tried at all. */
  #caution = FIRST_CAUTION;
  #heldUntilMs = -Infinity;
  /** When it grew last, and how many have succeeded that began after that. */
  #grownAtMs = -Infinity;
  #proven = 0;

  /** Begins with the most that there may be; `Infinity` for no limit. */
  constructor(most: number) {
    this.most = most;
    this.current = most;
  }

  /** Whether it would be the same for an origin that was never asked. */
  get isNew(): boolean {
    return this.current === this.most && (this.#estimator?.isNew ?? true);
  }

  /** Whether it adapts itself. */
  get isAdaptive(): boolean {
    return this.#estimator !== undefined;
  }

  /** Follows an estimator from now on. */
  follow(estimator: LimitEstimator): void {
    this.#estimator = estimator;
    this.#adapt(estimator.limit);
  }

  /**
   * Tells the estimator what has become of an attempt, which still counts as in flight.
   *
   * @returns Whether more may be in flight now.
   */
  sample(latencyMs: number, inFlight: number, isDropped: boolean, nowMs: number): boolean {
    const before = this.current;
    if (!this.#estimator?.note(latencyMs, inFlight, isDropped, nowMs)) return false;
    this.#adapt(this.#estimator.limit);
    return this.current > before;
  }

  #adapt(most: number): void {
    this.most = most;
    this.#lower(this.#lowered);
  }

  #lower(lowered: number): void {
    this.#lowered = lowered;
    this.current = Math.min(lowered, this.most);
  }

  /**
   * The origin says that too much was sent: half of that may be in flight. An estimator has heard of it as well, and says how much less it
   * shall be; but it would soon be back at what was too much, and each time costs a pause.
   *
   * @param inFlight What is in flight.
   * @param isQuotaKnown Whether it is known how much the origin takes in what time, so that it is not for how much is in flight.
   * @param heldUntilMs Until when no more is tried than was not too much, on the client's clock, because it costs much to find out.
   */
  halve(inFlight: number, isQuotaKnown: boolean, heldUntilMs: number = -Infinity): void {
    // One alone was not refused for how much was in flight.
    if (inFlight <= 1 && this.current === this.most) return;
    const tooMuch = this.atOnce(inFlight);
    const least = Math.min(this.current, inFlight);
    const left = this.isAdaptive ? least - 1 : Math.floor(least / 2);
    this.#lower(isQuotaKnown ? Infinity : Math.max(1, left));
    this.#gained = 0;
    // What is too much below what was not says that the origin takes less than before.
    if (tooMuch > this.#ceiling) this.#caution = Math.min(MOST_CAUTION, 2 * this.#caution);
    else this.#caution = Math.max(FIRST_CAUTION, this.#caution);
    this.#ceiling = tooMuch - 1;
    this.#heldUntilMs = Math.max(this.#heldUntilMs, heldUntilMs);
  }

  /** An attempt hung, as all do that were sent since: its place stays free, until others succeed. */
  yieldPlace(inFlight: number): void {
    this.#lower(Math.max(1, Math.min(this.current, inFlight - 1)));
    this.#gained = 0;
  }

  /** What is more than now counts as too much, because it costs much to find out where that begins. */
  stay(): void {
    this.#ceiling = this.current;
  }

  /**
   * An attempt has failed: goes back to the most that was not too much, if it began when more than that was just tried. What fails when more
   * has gone well may fail by chance.
   *
   * @param startedAtMs When it began, on the client's clock.
   * @param nowMs The time on that clock.
   * @returns Whether it went back.
   */
  retreat(startedAtMs: number, nowMs: number): boolean {
    const tried = this.current;
    // What took long was sent before most of what has succeeded since.
    const isSlow = nowMs - startedAtMs >= SLOW_MS;
    const isJustTried = isSlow
      ? startedAtMs >= this.#grownAtMs && 4 * this.#proven <= tried
      : 4 * this.#gained <= tried;
    if (tried >= this.most || tried <= this.#ceiling || this.#ceiling < 1 || !isJustTried) {
      return false;
    }
    this.#lower(this.#ceiling);
    this.#gained = 0;
    this.#caution = Math.max(this.#caution, Math.min(2 * this.#caution, MORE_CAUTION));
    if (isSlow) this.#heldUntilMs = nowMs + COST_FACTOR * (nowMs - startedAtMs);
    return true;
  }

  /** It was not too much after all: as many may be in flight as at first. */
  restore(): void {
    this.#lower(Infinity);
    this.#gained = 0;
    this.#ceiling = Infinity;
    this.#caution = FIRST_CAUTION;
    this.#heldUntilMs = -Infinity;
  }

  /** How many there may be at once, or are where there is no limit. */
  atOnce(inFlight: number): number {
    return this.current === Infinity ? inFlight : this.current;
  }

  /** An attempt found no room in this process: no more than the others must be in flight, until more succeed. */
  shrink(inFlight: number): void {
    this.yieldPlace(inFlight);
    this.stay();
  }

  /**
   * A success, after which more may be in flight: the limit grows by one for as many successes as it is large, up to what was
   * too much; beyond that for many times as many, of which there are half each time that it goes well, and not soon after it cost much.
   *
   * @param capacity What the client may have in flight; above that a limit means nothing.
   * @param startedAtMs When what has succeeded began, on the client's clock.
   * @param nowMs The time on that clock.
   */
  gain(capacity: number, startedAtMs: number, nowMs: number): void {
    const { current } = this;
    if (current >= this.most) return;
    if (startedAtMs >= this.#grownAtMs) this.#proven++;
    this.#gained++;
    if (
      current < this.#ceiling
        ? this.#gained < current
        : this.#gained < this.#caution * current || nowMs < this.#heldUntilMs
    ) {
      return;
    }
    this.#gained = 0;
    this.#proven = 0;
    this.#grownAtMs = nowMs;
    if (current > this.#ceiling) {
      this.#ceiling = current;
      this.#caution = Math.max(1, this.#caution / 2);
    }
    this.#lower(current + 1 >= capacity ? Infinity : current + 1);
  }
}

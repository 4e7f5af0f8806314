/**
 * The limit on requests in flight to one origin.
 *
 * @module
 */

import type { LimitEstimator } from "../primitives/limit_estimator.ts";

/**
 * To grow beyond a limit that was too much before takes this many times as many successes: at first, and at most. The factor
 * doubles each time that the limit proves too much again, and halves each time that it does not.
 */
const FIRST_CAUTION = 8;
const MOST_CAUTION = 128;

/** Attempts may fail by chance, so failures alone raise the caution to this factor at most. */
const MORE_CAUTION = 16;

/** After a wrong quota, the limit is this many times the limit from before. */
const AFTER_QUOTA_FACTOR = 4;

/**
 * A limit that halves when the origin says that it is too much, and rises again with successes. An estimator may adapt its
 * maximum, but never raises what was lowered for another reason. However low it is, it leaves one place beside the bodies that
 * last, such as streams of events: if they held all places, no other request could succeed and raise the limit again.
 */
export class LaneLimit {
  /** The limit while all is well. */
  most: number;
  /** The limit now. */
  current: number;
  /** The estimator that adapts the limit, if any. */
  #estimator: LimitEstimator | undefined;
  /** The lowered limit after the last overload; `Infinity` if there was none. */
  #lowered = Infinity;
  /** The lowered limit from before the origin's quota was known; `Infinity` if there was none. */
  #beforeQuota = Infinity;
  /** How many bodies of unknown length are in flight that have lasted for long. */
  #lasting = 0;
  /** How many successes there were since it changed. */
  #gained = 0;
  /** The highest limit that was not too much, as of the last time that it was lowered. */
  #ceiling = Infinity;
  /**
   * How many times as many successes growth beyond the ceiling takes, and until when the limit does not grow beyond it at all.
   */
  #caution = FIRST_CAUTION;
  #heldUntilMs = -Infinity;
  /** Half of what was in flight at the latest refusal, and how many of these attempts have not been refused yet. */
  #half = 1;
  #unrefused = 0;

  /** Creates a limit at its maximum; `Infinity` for no limit. */
  constructor(most: number) {
    this.most = most;
    this.current = most;
  }

  /** Whether the limit is the same as for a new origin. */
  get isNew(): boolean {
    return this.current === this.most && (this.#estimator?.isNew ?? true);
  }

  /** Whether an estimator adapts the limit. */
  get isAdaptive(): boolean {
    return this.#estimator !== undefined;
  }

  /** Follows an estimator from now on. */
  follow(estimator: LimitEstimator): void {
    this.#estimator = estimator;
    this.#adapt(estimator.limit);
  }

  /**
   * Reports an attempt to the estimator, while the attempt still counts as in flight.
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
    const most = this.#estimator?.max ?? this.most;
    this.current = Math.min(Math.max(Math.min(lowered, this.most), this.#lasting + 1), most);
  }

  /** Whether the limit cannot be lowered further. */
  get isLeast(): boolean {
    return this.current <= this.#lasting + 1;
  }

  /** Counts bodies in flight that last: `1` for one more, `-1` for one that has ended. */
  noteLasting(change: 1 | -1): void {
    this.#lasting += change;
    this.#lower(this.#lowered);
  }

  /**
   * Lowers the limit to half of what is in flight, because the origin says that too much was sent. An adaptive limit is lowered
   * by one only, since its estimator decides about the rest. But the estimator would soon return to what was too much, and each
   * time costs a pause.
   *
   * @param inFlight The number of attempts in flight.
   * @param isQuotaKnown Whether the origin's quota is known, so that the refusal is not about what is in flight. Then there is no
   * limit, until the quota is forgotten.
   * @param heldUntilMs Until when the limit must not grow beyond the ceiling, on the client's clock, because another try would
   * cost much.
   */
  halve(inFlight: number, isQuotaKnown: boolean, heldUntilMs: number = -Infinity): void {
    // An attempt that was alone in flight was not refused for what was in flight.
    if (inFlight <= 1 && this.current === this.most) return;
    this.#gained = 0;
    if (isQuotaKnown) {
      this.#unrefused = 0;
      this.#beforeQuota = Math.min(this.#beforeQuota, this.#lowered);
      return this.#lower(Infinity);
    }
    const tooMuch = this.atOnce(inFlight);
    this.#narrow(inFlight);
    // If it is too much even below the ceiling, the origin accepts less than before: no reason for more caution.
    if (tooMuch > this.#ceiling) this.#caution = Math.min(MOST_CAUTION, 2 * this.#caution);
    this.#ceiling = tooMuch - 1;
    this.#heldUntilMs = Math.max(this.#heldUntilMs, heldUntilMs);
  }

  /**
   * Lowers the limit as much as `halve()`, because the origin refuses one request after the other. That says nothing about how
   * many at once are too much, so the limit grows back as fast as before.
   */
  narrow(inFlight: number): void {
    if (inFlight <= 1 && this.current === this.most) return;
    this.#gained = 0;
    this.#narrow(inFlight);
  }

  /**
   * Lowers the limit further, because one more attempt was refused that was in flight at the latest refusal: the origin has room
   * for the others at most. If it refuses all of them, the refusals say nothing about how many at once are too much, and half
   * remains.
   */
  exclude(): void {
    if (this.isAdaptive || this.#unrefused < 1) return;
    this.#unrefused--;
    this.#lower(this.#unrefused < 1 ? this.#half : Math.min(this.current, this.#unrefused));
  }

  #narrow(inFlight: number): void {
    this.#unrefused = inFlight - 1;
    const least = Math.min(this.current, inFlight);
    this.#lower(Math.max(1, this.isAdaptive ? least - 1 : Math.floor(least / 2)));
    this.#half = this.#lowered;
  }

  /**
   * Lowers the limit because the origin's quota has turned out to be wrong: to a few times the limit from before it was known,
   * which refusals by chance may have made too low.
   */
  forgetQuota(): void {
    this.#lower(Math.min(this.#lowered, AFTER_QUOTA_FACTOR * this.#beforeQuota));
    this.#beforeQuota = Infinity;
  }

  /** Keeps the place of a hanging attempt free until others succeed, because all attempts that were sent since hang as well. */
  yieldPlace(inFlight: number): void {
    this.#lower(Math.max(1, Math.min(this.current, inFlight - 1)));
    this.#gained = 0;
  }

  /**
   * Returns to the ceiling after a failure, if the limit has just grown beyond it. A failure at a limit that has gone well for a
   * while may be chance.
   *
   * @returns Whether the limit has returned to the ceiling.
   */
  retreat(): boolean {
    const tried = this.current;
    const isJustTried = 4 * this.#gained <= tried;
    if (tried >= this.most || tried <= this.#ceiling || this.#ceiling < 1 || !isJustTried) {
      return false;
    }
    this.#lower(this.#ceiling);
    this.#gained = 0;
    this.#caution = Math.max(this.#caution, Math.min(2 * this.#caution, MORE_CAUTION));
    return true;
  }

  /** Restores the first limit, because the current one turned out not to be too much. */
  restore(): void {
    this.#lower(Infinity);
    this.#gained = 0;
    this.#ceiling = Infinity;
    this.#caution = FIRST_CAUTION;
    this.#heldUntilMs = -Infinity;
  }

  /** Returns the limit, or, without a limit, the number in flight. */
  atOnce(inFlight: number): number {
    return this.current === Infinity ? inFlight : this.current;
  }

  /**
   * Lowers the limit to the other attempts in flight, because an attempt found no room in this process, until more of them
   * succeed.
   */
  shrink(inFlight: number): void {
    this.yieldPlace(inFlight);
    this.#ceiling = this.current;
  }

  /**
   * Counts a success, after which the limit may grow by one. Up to the ceiling, that takes as many successes as the limit is
   * high. Beyond the ceiling it takes `caution` times as many, a factor that halves each time that growth goes well; and the
   * limit does not grow soon after growth has cost much.
   *
   * @param capacity The client's concurrency; a limit beyond it means nothing.
   * @param nowMs The time on the client's clock.
   */
  gain(capacity: number, nowMs: number): void {
    const { current } = this;
    if (current >= this.most) return;
    this.#gained++;
    if (
      current < this.#ceiling
        ? this.#gained < current
        : this.#gained < this.#caution * current || nowMs < this.#heldUntilMs
    ) {
      return;
    }
    this.#gained = 0;
    if (current > this.#ceiling) {
      this.#ceiling = current;
      this.#caution = Math.max(1, this.#caution / 2);
    }
    this.#lower(current + 1 >= capacity ? Infinity : current + 1);
  }
}

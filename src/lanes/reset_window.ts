/**
 * A quota that an origin fills up again at a stated time.
 *
 * @module
 */

/** A reset is stated in whole seconds, which may be rounded down: its precision, in milliseconds. */
export const RESET_GRAIN_MS = 1_000;

/** The state of a quota that a response states. */
export interface QuotaState {
  /** The size of the quota, in requests; `undefined` if the origin does not say. */
  readonly limit: number | undefined;
  readonly remaining: number;
  /** When the quota is full again, on the client's clock. */
  readonly resetAtMs: number;
}

/** The facts of the response. */
export interface AnswerFacts {
  readonly nowMs: number;
  /** How many requests have been sent and not answered: the origin may not have counted them. */
  readonly pending: number;
  /** The number of the answered attempt; the response to a later one knows better. */
  readonly number: number;
  /** The number of the latest attempt that has been sent. */
  readonly latest: number;
  /** Whether the origin has served the request, if only with a 404; it has not if it refuses requests or is in trouble. */
  readonly isOk: boolean;
}

/**
 * Lets as many requests go as the latest response says are left, less those that the origin may not have counted. After the reset
 * the quota counts as full, and as large as it is known to be.
 */
export class ResetWindow {
  readonly #maxWaitMs: number;
  #limit: number | undefined;
  /** The most requests that were ever left. */
  #most = 0;
  #left = Infinity;
  /** How many requests were left according to the believed response, and how many attempts it may not have counted. */
  #stated = 0;
  #uncounted = 0;
  /** The number of the latest attempt that had been sent when the believed response came. */
  #latest = -Infinity;
  /** How many requests went at once while the new quota was unknown. */
  #step = 1;
  #resetAtMs = Infinity;
  /** Whether the quota is full again only after the stated reset, because the origin rounds it down or its clock is behind. */
  #isRoundedDown = false;
  /** Whether `#resetAtMs` is the end of another wait, after which the quota may not be full. */
  #isEarly = false;
  /** When the quota was used up. */
  #emptySinceMs = 0;
  #number = -Infinity;
  /** Whether one request tests the quota, because the wait for the reset was given up. */
  #isTrying = false;
  /**
   * Whether a success came although nothing should have been left, so that what the origin states about this quota means nothing.
   */
  #isDoubted = false;

  /**
   * Creates the window of an unknown quota.
   *
   * @param maxWaitMs How long the window believes that the quota is used up, in milliseconds.
   */
  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  /** Takes over the state that a response states. */
  update({ limit, remaining, resetAtMs }: QuotaState, answer: AnswerFacts): void {
    const { nowMs, pending, number, latest, isOk } = answer;
    this.#isDoubted = remaining <= 0 && isOk && (this.#isDoubted || this.#isTrying);
    if (this.#isTrying) this.#emptySinceMs = nowMs;
    this.#isTrying = false;
    this.#limit = limit ?? this.#limit;
    this.#most = Math.max(this.#most, remaining + 1);
    const left = remaining - pending;
    // The origin may have counted a later request first, if both were in flight together.
    const isNewer = number >= this.#number && (number > this.#latest || remaining <= this.#stated);
    if (isNewer || this.#left === Infinity) {
      // The quota should have been full, and is said to be full now.
      const isRefused = this.#left < Infinity && this.#resetAtMs === Infinity && remaining <= 0 && !isOk;
      this.#isRoundedDown ||= isRefused && resetAtMs <= nowMs;
      this.#number = Math.max(this.#number, number);
      this.#latest = latest;
      this.#believe(remaining, pending, nowMs);
      this.#resetAtMs = resetAtMs + (this.#isRoundedDown ? RESET_GRAIN_MS : 0);
      this.#isEarly = false;
    } else if (remaining > this.#stated && this.#uncounted > 0) {
      // The origin counted this request before the one of the believed response, which has included it already.
      this.#uncounted--;
      this.#setLeft(this.#left + 1, nowMs);
    } else if (left < this.#left) {
      // The response to an earlier request may be from before the reset: take over its count, but not its reset.
      this.#latest = latest;
      this.#believe(remaining, pending, nowMs);
    }
  }

  #believe(remaining: number, pending: number, nowMs: number): void {
    this.#stated = remaining;
    this.#uncounted = pending;
    this.#step = 1;
    this.#setLeft(remaining - pending, nowMs);
  }

  #setLeft(left: number, nowMs: number): void {
    // Without a reset, the quota was unknown.
    const isNews = this.#left > 0 || nowMs >= this.#resetAtMs || this.#resetAtMs === Infinity;
    if (left <= 0 && isNews) this.#emptySinceMs = nowMs;
    this.#left = left;
  }

  /**
   * Moves the reset to an earlier time: the end of another wait that the origin has named. Then the origin accepts something
   * again, if not a full quota.
   */
  resetBy(atMs: number): void {
    if (this.#left > 0 || atMs >= this.#resetAtMs) return;
    this.#resetAtMs = atMs;
    this.#isEarly = true;
  }

  /**
   * Notes a response that does not state the quota. If a request should have shown the new quota and did not, more go without
   * knowing it: twice as many each time.
   *
   * @param number The number of the answered attempt; one that was sent before the believed one does not count.
   * @param pending How many requests have been sent and not answered.
   */
  passOver(number: number, pending: number): void {
    if (this.#resetAtMs < Infinity || this.#left > 0 || pending > 0 || number <= this.#number) return;
    this.#left = this.#step *= 2;
  }

  /** Counts a request that is about to be sent. */
  take(nowMs: number): void {
    if (this.#left > 0 && this.#left <= 1) this.#emptySinceMs = nowMs;
    this.#left--;
  }

  /** Takes the count of a request back that was not sent after all. */
  giveBack(): void {
    this.#left++;
  }

  /**
   * Returns until when nothing should be sent.
   *
   * @param nowMs The time on the client's clock.
   * @param pending How many requests have been sent and not answered.
   * @returns `nowMs` if a request may be sent; `Infinity` if that depends on an answer.
   */
  blockedUntilMs(nowMs: number, pending: number): number {
    if (this.#isDoubted) return nowMs;
    if (nowMs >= this.#resetAtMs) this.#reset(nowMs, pending);
    if (this.#left > 0) return nowMs;
    // The next answer states the new quota.
    if (this.#resetAtMs === Infinity) return pending > 0 ? Infinity : nowMs;
    // The clock may have gone back.
    this.#emptySinceMs = Math.min(this.#emptySinceMs, nowMs);
    const giveUpAtMs = this.#emptySinceMs + this.#maxWaitMs;
    if (nowMs < giveUpAtMs) return Math.min(this.#resetAtMs, giveUpAtMs);
    if (pending > 0) return this.#resetAtMs;
    this.#isTrying = true;
    return nowMs;
  }

  /** Returns until when the quota is used up according to the origin, whatever is in flight; `nowMs` if it is not. */
  usedUpUntilMs(nowMs: number): number {
    return this.#stated > 0 || this.isOver(nowMs) ? nowMs : this.#resetAtMs;
  }

  #reset(nowMs: number, pending: number): void {
    this.#resetAtMs = Infinity;
    this.#uncounted = 0;
    this.#latest = -Infinity;
    this.#emptySinceMs = nowMs;
    // The next request tests nothing: the quota is full.
    this.#isTrying = false;
    this.#left = (this.#isEarly ? 1 : Math.max(1, this.#limit ?? this.#most)) - pending;
    this.#isEarly = false;
  }

  /** Whether the quota restricts nothing any more. */
  isOver(nowMs: number): boolean {
    return this.#isDoubted || nowMs >= this.#resetAtMs || this.#resetAtMs === Infinity;
  }
}

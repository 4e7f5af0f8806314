/**
 * A quota that an origin fills up again at a moment which it names.
 *
 * @module
 */

/** What a response says of a quota. */
export interface QuotaState {
  /** How many requests it is for; `undefined` if the origin does not say. */
  readonly limit: number | undefined;
  readonly remaining: number;
  /** When it is full again, on the client's clock. */
  readonly resetAtMs: number;
}

/** Around the response. */
export interface AnswerFacts {
  readonly nowMs: number;
  /** How many have been sent and not answered: the origin may not have counted them. */
  readonly pending: number;
  /** Which attempt it answers; a later one knows better. */
  readonly number: number;
  /** Whether the origin has answered well. */
  readonly isOk: boolean;
}

/**
 * Lets as many go as the latest answer says are left, less those that it may not have counted. After the reset the quota counts as full,
 * and as large as it is known to be.
 */
export class ResetWindow {
  readonly #maxWaitMs: number;
  #limit: number | undefined;
  /** The most that was ever left. */
  #most = 0;
  #left = Infinity;
  /** How many were left according to the response that is believed, and how many attempts it may not have counted. */
  #stated = 0;
  #uncounted = 0;
  /** How many went at once without knowing. */
  #step = 1;
  #resetAtMs = Infinity;
  /** Whether that is the end of another wait, after which the quota may not be full. */
  #isEarly = false;
  /** Since when nothing has been left. */
  #emptySinceMs = 0;
  #number = -Infinity;
  /** Whether the wait was given up, and one request finds out how things are. */
  #isTrying = false;
  /** Whether a response came although nothing should have been left: what the origin says of this quota means nothing. */
  #isDoubted = false;

  /**
   * Creates a window of which nothing is known.
   *
   * @param maxWaitMs How long a quota that is used up is believed in, in milliseconds.
   */
  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  /** A response says how it is. */
  update({ limit, remaining, resetAtMs }: QuotaState, { nowMs, pending, number, isOk }: AnswerFacts): void {
    this.#isDoubted = remaining <= 0 && isOk && (this.#isDoubted || this.#isTrying);
    if (this.#isTrying) this.#emptySinceMs = nowMs;
    this.#isTrying = false;
    this.#limit = limit ?? this.#limit;
    this.#most = Math.max(this.#most, remaining + 1);
    const left = remaining - pending;
    if (number >= this.#number || this.#left === Infinity) {
      this.#number = Math.max(this.#number, number);
      this.#believe(remaining, pending, nowMs);
      this.#resetAtMs = resetAtMs;
      this.#isEarly = false;
    } else if (remaining > this.#stated && this.#uncounted > 0) {
      // The origin counted it first, so that the later response has told of it already.
      this.#uncounted--;
      this.#setLeft(this.#left + 1, nowMs);
    } else if (left < this.#left) {
      // It is the response to an earlier request, which may be about the time before the reset.
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
    if (left <= 0 && (this.#left > 0 || nowMs >= this.#resetAtMs)) this.#emptySinceMs = nowMs;
    this.#left = left;
  }

  /** The origin has named another wait, which counts more than its reset: then it takes something again, if not as much as after that. */
  resetBy(atMs: number): void {
    if (this.#left > 0 || atMs >= this.#resetAtMs) return;
    this.#resetAtMs = atMs;
    this.#isEarly = true;
  }

  /**
   * A response says nothing of it. If one that was to find out what the new quota is like has not, more go without knowing: twice as many
   * each time.
   *
   * @param number Which attempt it answers; only those count that were sent after what is believed.
   * @param pending How many have been sent and not answered.
   */
  passOver(number: number, pending: number): void {
    if (this.#resetAtMs < Infinity || this.#left > 0 || pending > 0 || number <= this.#number) return;
    this.#left = this.#step *= 2;
  }

  /** One is about to be sent. */
  take(nowMs: number): void {
    if (this.#left > 0 && this.#left <= 1) this.#emptySinceMs = nowMs;
    this.#left--;
  }

  /** It was not sent after all. */
  giveBack(): void {
    this.#left++;
  }

  /**
   * Until when nothing should be sent.
   *
   * @param nowMs The time on the client's clock.
   * @param pending How many have been sent and not answered.
   * @returns `nowMs` if something may be; `Infinity` until one of those is answered.
   */
  blockedUntilMs(nowMs: number, pending: number): number {
    if (this.#isDoubted) return nowMs;
    if (nowMs >= this.#resetAtMs) this.#reset(nowMs, pending);
    if (this.#left > 0) return nowMs;
    // What the new quota is like, the next answer says.
    if (this.#resetAtMs === Infinity) return pending > 0 ? Infinity : nowMs;
    // The clock may have gone back.
    this.#emptySinceMs = Math.min(this.#emptySinceMs, nowMs);
    const giveUpAtMs = this.#emptySinceMs + this.#maxWaitMs;
    if (nowMs < giveUpAtMs) return Math.min(this.#resetAtMs, giveUpAtMs);
    if (pending > 0) return this.#resetAtMs;
    this.#isTrying = true;
    return nowMs;
  }

  #reset(nowMs: number, pending: number): void {
    this.#resetAtMs = Infinity;
    this.#uncounted = 0;
    this.#emptySinceMs = nowMs;
    this.#left = (this.#isEarly ? 1 : Math.max(1, this.#limit ?? this.#most)) - pending;
    this.#isEarly = false;
  }

  /** Whether nothing of it matters any more. */
  isOver(nowMs: number): boolean {
    return this.#isDoubted || nowMs >= this.#resetAtMs || this.#resetAtMs === Infinity;
  }
}

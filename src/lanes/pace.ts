/**
 * The least time between two requests to an origin that limits their rate.
 *
 * @module
 */

/** The longest gap with which a pace begins, in milliseconds. Where less is served, the waits after refusals are pace enough. */
export const LONGEST_GAP_MS = 1_000;

/** The longest gap at all, in milliseconds. */
const MOST_GAP_MS = 2_000;
/** The fewest requests that must be served at a gap before a shorter one is tried. */
const FEWEST = 4;
/** The gap is halved until a shorter gap is refused. Later tries begin with a smaller step, which is squared after each that goes well. */
const MOST_STEP = 2;
const CAREFUL_STEP = 1.1;
/** How much longer the gap becomes if the origin refuses a request at it, and has not served requests at a lower rate since. */
const RETREAT = 1.5;
/**
 * If the origin refuses requests at accepted gaps, until the doubts are so many, the gap is not the reason. A request is a doubt,
 * and two if hardly any was served before it. After a try that fails there is room for two more doubts: the gap before may have
 * been accepted only because the bucket was not empty.
 */
const MOST_DOUBTS = 4;
const DOUBTS_AFTER_TRY = -2;
/** After a refusal, a shorter gap is tried only after this many times the time that the refusal has cost. */
const COST_FACTOR = 16;
/** A request that comes after this many times the gap has waited for something else. */
const LATE = 2;

/**
 * Spreads requests evenly over time. That suits an origin with a token bucket or a leaky bucket (Turner, 1986), which may serve a
 * request each few milliseconds, but refuses a few at once. The gap becomes shorter until the origin refuses a request; then the
 * gap before is kept, and a slightly shorter one is tried from time to time.
 *
 * A bucket that is not empty serves requests for a while that follow each other too fast. But it is empty at each refusal, so it
 * has served from one refusal to the next what has come into it. That gives the gap, if the gap before is refused as well.
 */
export class Pace {
  #gapMs: number;
  /** How many requests must be served at a gap before a shorter one is tried. */
  readonly #calm: number;
  #sentAtMs: number;
  /** Since when the present gap holds. Requests that were sent before say nothing about it. */
  #changedAtMs = -Infinity;
  /** How many requests were served at the present gap. */
  #served = 0;
  #step = MOST_STEP;
  /** Whether the present gap is a try. */
  #isTrying = false;
  #heldUntilMs = -Infinity;
  #doubts = 0;
  /** Since when all served requests are counted, how many there were, and when the latest pause in that time was over. */
  #sinceMs: number;
  #total = 0;
  #resumedAtMs = -Infinity;
  /** How much time there was for each request that was served between two refusals, in milliseconds. */
  #servedEachMs: number;

  /**
   * Begins with a gap that the origin has accepted.
   *
   * @param gapMs The gap, in milliseconds.
   * @param inRow How many requests the origin has served in a row.
   * @param nowMs The time on the client's clock.
   */
  constructor(gapMs: number, inRow: number, nowMs: number) {
    this.#gapMs = gapMs;
    this.#calm = Math.max(FEWEST, 2 * inRow);
    this.#sentAtMs = nowMs;
    this.#sinceMs = nowMs;
    this.#servedEachMs = gapMs;
  }

  /** Returns until when nothing should be sent; not after `nowMs` if a request may be sent. */
  blockedUntilMs(nowMs: number): number {
    // A clock that has gone back must not make a request wait for longer than the gap.
    this.#sentAtMs = Math.min(this.#sentAtMs, nowMs);
    return this.#sentAtMs + this.#gapMs;
  }

  /**
   * Notes a request that is sent, and tries a shorter gap after enough others were served.
   *
   * @param nowMs The time on the client's clock.
   * @param resumedAtMs When the latest pause was over.
   */
  noteSent(nowMs: number, resumedAtMs: number = -Infinity): void {
    this.#changedAtMs = Math.min(this.#changedAtMs, nowMs);
    const isLate = nowMs - Math.max(this.#sentAtMs, resumedAtMs) > LATE * this.#gapMs;
    this.#sentAtMs = nowMs;
    this.#resumedAtMs = resumedAtMs;
    if (isLate) {
      this.#served = 0;
      this.#countAnew(nowMs);
    }
    if (this.#served < this.#calm || nowMs < this.#heldUntilMs) return;
    if (this.#isTrying) this.#step = Math.min(MOST_STEP, this.#step ** 2);
    this.#isTrying = true;
    this.#doubts = 0;
    this.#setGap(this.#gapMs / this.#step, nowMs);
  }

  #countAnew(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#total = 0;
  }

  #setGap(gapMs: number, nowMs: number): void {
    this.#gapMs = gapMs;
    this.#changedAtMs = nowMs;
    this.#served = 0;
  }

  /**
   * Counts a request that was served.
   *
   * @param sentAtMs When it was sent, on the client's clock.
   */
  noteServed(sentAtMs: number): void {
    if (sentAtMs >= this.#sinceMs) this.#total++;
    if (sentAtMs >= this.#changedAtMs) this.#served++;
  }

  /**
   * Makes the gap longer, because the origin has refused a request. A request that was sent before the gap changed does not
   * count.
   *
   * @param nowMs The time on the client's clock.
   * @param costMs How long nothing is sent because of that, in milliseconds.
   * @param sentAtMs When the request was sent, on that clock.
   * @returns Whether the gap may have been the reason; if not, the pace is of no use.
   */
  noteRefused(nowMs: number, costMs: number, sentAtMs: number): boolean {
    if (sentAtMs < this.#changedAtMs) return true;
    const isMeasured = this.#total >= this.#calm;
    if (isMeasured) this.#measure(nowMs);
    if (this.#isTrying) {
      this.#setGap(this.#gapMs * this.#step, nowMs);
      this.#doubts = DOUBTS_AFTER_TRY;
    } else {
      const gapMs = this.#servedEachMs > this.#gapMs ? this.#servedEachMs : this.#gapMs * RETREAT;
      this.#setGap(Math.min(gapMs, MOST_GAP_MS), nowMs);
      this.#doubts += isMeasured ? 1 : 2;
    }
    this.#heldUntilMs = nowMs + COST_FACTOR * costMs;
    this.#step = CAREFUL_STEP;
    this.#isTrying = false;
    return this.#doubts < MOST_DOUBTS;
  }

  /**
   * Finds out how much time there was for each served request. A small bucket overflows during a pause, which should not count
   * then; for a large one all of the pause counts. The size is unknown, so take the geometric mean.
   */
  #measure(nowMs: number): void {
    const activeMs = nowMs - Math.max(this.#sinceMs, this.#resumedAtMs);
    this.#servedEachMs = Math.sqrt((nowMs - this.#sinceMs) * activeMs) / this.#total;
    this.#countAnew(nowMs);
  }
}

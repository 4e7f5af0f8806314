/**
 * The least time between two requests to an origin that limits their rate.
 *
 * @module
 */

/** The longest gap with which a pace begins, in milliseconds. Where less is served, the waits after refusals are pace enough. */
export const LONGEST_GAP_MS = 1_000;

/** The fewest requests that must be served at a gap before a shorter one is tried. */
const FEWEST = 4;
/** The gap is halved until a shorter gap is refused. Later tries begin with a smaller step, which is squared after each that goes well. */
const MOST_STEP = 2;
const CAREFUL_STEP = 1.1;
/** How much longer the gap becomes if the origin refuses a request although no shorter gap was being tried. */
const RETREAT = 1.5;
/** If the origin refuses so many requests in a row that came late enough, the gap is not the reason. */
const MOST_DOUBTS = 2;
/** After a try that fails, the next one comes only after this many times the time that the refusal has cost. */
const COST_FACTOR = 16;

/**
 * Spreads requests evenly over time. That suits an origin with a token bucket or a leaky bucket (Turner, 1986), which may serve a request
 * each few milliseconds, but refuses a few at once. The gap becomes shorter until the origin refuses a request; then the gap before is kept,
 * and a slightly shorter one is tried from time to time.
 */
export class Pace {
  #gapMs: number;
  /** How many requests must be served at a gap before a shorter one is tried. */
  readonly #calm: number;
  #sentAtMs = -Infinity;
  /** How many requests were served at the present gap. */
  #served = 0;
  #step = MOST_STEP;
  /** Whether the present gap is a try. */
  #isTrying = false;
  #heldUntilMs = -Infinity;
  #doubts = 0;

  /**
   * Begins with a gap that the origin has accepted.
   *
   * @param gapMs The gap, in milliseconds.
   * @param inRow How many requests the origin has served in a row.
   */
  constructor(gapMs: number, inRow: number) {
    this.#gapMs = gapMs;
    this.#calm = Math.max(FEWEST, 2 * inRow);
  }

  /** Returns until when nothing should be sent; not after `nowMs` if a request may be sent. */
  blockedUntilMs(nowMs: number): number {
    // A clock that has gone back must not make a request wait for longer than the gap.
    this.#sentAtMs = Math.min(this.#sentAtMs, nowMs);
    return this.#sentAtMs + this.#gapMs;
  }

  /** Notes a request that is sent, and tries a shorter gap after enough others were served. */
  noteSent(nowMs: number): void {
    this.#sentAtMs = nowMs;
    if (this.#served < this.#calm || nowMs < this.#heldUntilMs) return;
    if (this.#isTrying) this.#step = Math.min(MOST_STEP, this.#step ** 2);
    this.#isTrying = true;
    this.#gapMs /= this.#step;
    this.#served = 0;
  }

  /** Counts a request that was served. */
  noteServed(): void {
    if (++this.#served >= this.#calm) this.#doubts = 0;
  }

  /**
   * Makes the gap longer, because the origin has refused a request.
   *
   * @param nowMs The time on the client's clock.
   * @param costMs How long nothing is sent because of that, in milliseconds.
   * @returns Whether the gap may have been the reason; if not, the pace is of no use.
   */
  noteRefused(nowMs: number, costMs: number): boolean {
    if (this.#isTrying) {
      this.#gapMs *= this.#step;
      this.#step = CAREFUL_STEP;
      this.#heldUntilMs = nowMs + COST_FACTOR * costMs;
    } else {
      this.#gapMs *= RETREAT;
      this.#doubts++;
    }
    this.#isTrying = false;
    this.#served = 0;
    return this.#doubts < MOST_DOUBTS;
  }
}

/**
 * How much an origin takes in what time, learnt from its "too many requests".
 *
 * @module
 */

/** So many pauses in a row without any answer in between are no accident. */
export const REFUSALS = 4;

/** If no request asks an origin for so long after a pause, in milliseconds, what it has refused before tells nothing of now. */
export const UNASKED_MS = 10_000;

/** The shortest window that is learnt, in milliseconds. */
const SHORTEST_WINDOW_MS = 100;
/** After so many windows without a 429 a little more is tried. */
const FIRST_GAP = 4;
const LONGEST_GAP = 64;

/** Two counts are the same if they differ by no more than this share. */
const TOLERANCE = 0.25;

/**
 * Sends as much in a window as an origin has answered well between two pauses, and waits for the next window instead of for a
 * 429. Nothing is learnt from the first pause, which may say something of a moment only. Nor is it a rate as long as the
 * counts between pauses differ, or hardly exceed what was sent at once: that looks like a limit on what is in flight, which
 * the lane finds by itself. After some windows without a 429 it tries more: a twentieth at first, and twice as much each time that
 * goes well. Each time it does not, it waits twice as long before it tries again. An origin that twice in a row refuses less than
 * that does not count in windows: what was learnt is forgotten.
 */
export class Quota {
  /** When the latest pause ends, on the client's clock; said by the lane. */
  pausedUntilMs: number = Infinity;
  /** How often in a row the origin has asked for a pause without having answered anything well in between. */
  fruitlessPauses = 0;
  /** When it asked for the first of them, on the client's clock. */
  #refusesSinceMs = Infinity;
  /** Requests in a window; absent as long as it is not known. */
  #limit: number | undefined;
  #windowMs = 0;
  #pauses = 0;
  #pausedAtMs = 0;
  /** Whether the next request is the first after a pause. */
  #isPausing = false;
  #startedAtMs = 0;
  #sent = 0;
  #answered = 0;
  /** How many were answered well between the two pauses before. */
  #answeredBefore = 0;
  /** Whether more had been tried before the latest pause. */
  #hasTried = false;
  /** Whether the latest pause came before the quota was used up. */
  #isDoubted = false;
  /** How many could be in flight before the latest pause. */
  #atOnce = 0;
  /** Windows since the latest 429, and how many of them it takes to try more. */
  #cleanWindows = 0;
  #gap = FIRST_GAP;
  #step = 0;

  /** Whether it is known how much the origin takes. */
  get isKnown(): boolean {
    return this.#limit !== undefined;
  }

  /** A request has been answered well. */
  noteSuccess(): void {
    this.#answered++;
    this.#endRefusals();
  }

  #endRefusals(): void {
    this.fruitlessPauses = 0;
    this.#refusesSinceMs = Infinity;
  }

  /** Whether the origin has refused everything for so long, in milliseconds, and at least as often as a request is tried. */
  refusesAll(forMs: number, nowMs: number): boolean {
    return this.fruitlessPauses >= REFUSALS && nowMs - this.#refusesSinceMs >= forMs;
  }

  /**
   * A pause begins.
   *
   * @param nowMs The time on the client's clock.
   * @param atOnce How many could be in flight until now.
   */
  notePause(nowMs: number, atOnce: number): void {
    this.#atOnce = atOnce;
    this.#pausedAtMs = nowMs;
    this.#isPausing = true;
    this.#pauses++;
    this.fruitlessPauses++;
    this.#refusesSinceMs = Math.min(this.#refusesSinceMs, nowMs);
    if (this.#limit !== undefined && this.#cleanWindows > 0) this.#gap = Math.min(LONGEST_GAP, 2 * this.#gap);
    this.#cleanWindows = 0;
    this.#hasTried = this.#step > 0;
    this.#step = 0;
  }

  /** A request is sent. */
  noteSent(nowMs: number): void {
    if (this.#isPausing) this.#learn(nowMs);
    else if (this.#limit !== undefined && this.#sent >= this.#limit) this.#startWindow(nowMs);
    this.#sent++;
  }

  #learn(nowMs: number): void {
    this.#isPausing = false;
    if (nowMs - this.pausedUntilMs >= UNASKED_MS) this.#endRefusals();
    const isEarly = this.#limit !== undefined &&
      (!this.#hasTried || this.#answered < (1 - TOLERANCE) * this.#limit);
    // Nobody may have asked it at the end of the pause.
    if (this.#answered > 0) this.#noteCount(isEarly, Math.min(nowMs, this.pausedUntilMs));
    this.#startedAtMs = nowMs;
    this.#sent = 0;
    this.#answeredBefore = this.#answered;
    this.#answered = 0;
  }

  #noteCount(isEarly: boolean, endMs: number): void {
    if (isEarly) {
      // Once, the origin's window may have begun at another time than this one.
      if (this.#isDoubted) this.#limit = undefined;
      this.#isDoubted = !this.#isDoubted;
      return;
    }
    this.#isDoubted = false;
    const isSame = Math.abs(this.#answered - this.#answeredBefore) <= TOLERANCE * this.#answered;
    const isRate = this.#limit !== undefined || (isSame && this.#answered >= 2 * this.#atOnce);
    if (this.#pauses < 2 || !isRate) return;
    this.#limit = this.#answered;
    this.#windowMs = Math.max(SHORTEST_WINDOW_MS, endMs - this.#pausedAtMs);
  }

  #startWindow(nowMs: number): void {
    this.#startedAtMs = nowMs;
    this.#sent = 0;
    this.#answered = 0;
    if (++this.#cleanWindows < this.#gap) return;
    this.#cleanWindows = 1;
    this.#step = this.#step === 0 ? Math.max(1, Math.floor(this.#limit! / 20)) : 2 * this.#step;
    this.#limit! += this.#step;
  }

  /** Until when nothing should be sent; not after `nowMs` if something may be. */
  blockedUntilMs(nowMs: number): number {
    if (this.#limit === undefined || this.#isPausing || this.#sent < this.#limit) return nowMs;
    return this.#startedAtMs + this.#windowMs;
  }
}

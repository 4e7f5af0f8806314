/**
 * The quota of an origin: how many requests it accepts in what time, learnt from its 429 responses ("too many requests").
 *
 * @module
 */

import { LONGEST_GAP_MS, Pace } from "./pace.ts";

/** So many consecutive pauses without a success in between are no accident. */
export const REFUSALS = 4;

/** If an origin gets no request for so long after a pause, in milliseconds, its earlier refusals say nothing any more. */
export const UNASKED_MS = 10_000;

/** After so many consecutive pauses without a success in between, the origin seems to serve nothing. */
const DOUBTFUL_PAUSES = 3;
/** An origin that refuses by chance hardly ever asks for so many times as many pauses in a row as a success has ended before. */
const MUCH_MORE = 3;

/** The shortest window that is learnt, in milliseconds. */
const SHORTEST_WINDOW_MS = 100;
/** A little more is tried after this many windows without a 429. */
const CALM_WINDOWS = 4;

/** If no more than this many requests are served between two pauses, although they were sent one by one, the origin gets them at a pace. */
const FEW = 4;
/** If no more than this many are served between two pauses, and the origin does not count in windows, it gets requests at a pace. */
const SEVERAL = 10;

/** Two counts are the same if they differ by no more than this share. */
const TOLERANCE = 0.25;

/**
 * Sends as many requests in a window as the origin has answered well between two pauses, and waits for the next window instead of
 * for a 429.
 *
 * Nothing is learnt from the first pause, which may reflect a single moment. Nor is it a rate as long as the counts between
 * pauses differ, or hardly exceed what was in flight at once: that looks like a limit on what is in flight, which the lane finds
 * by itself. After some windows without a 429 the quota tries more: a twentieth at first, and twice as much each time that it
 * goes well. An origin that refuses requests early twice in a row does not count in windows: the quota forgets what it has
 * learnt.
 *
 * Some origins limit the time between requests. Then they are sent at a pace: if the origin serves only a few in a row, although
 * they are sent one by one; if it serves other counts between the pauses, but as many per time; or if it does not count in
 * windows, and serves no more than several between two pauses.
 */
export class Quota {
  /** When the latest pause ends, on the client's clock; set by the lane. */
  pausedUntilMs: number = Infinity;
  /** How many consecutive pauses the origin has asked for without a success in between. */
  fruitlessPauses = 0;
  /** When it asked for the first of them, on the client's clock. */
  #refusesSinceMs = Infinity;
  /** The most consecutive pauses that a success has ended; no more than {@linkcode REFUSALS}. */
  #mostEnded = 0;
  /** The number of requests in a window; `undefined` while it is unknown. */
  #limit: number | undefined;
  #windowMs = 0;
  #pauses = 0;
  #pausedAtMs = 0;
  /** How long it was from one pause to the next, for the latest two pauses and for the two before. */
  #betweenMs = Infinity;
  #betweenBeforeMs = Infinity;
  /** When the latest pause began that came early, and how many requests were answered well since. */
  #doubtedAtMs = 0;
  #served = 0;
  /** Whether the next request is the first after a pause. */
  #isPausing = false;
  #startedAtMs = 0;
  #sent = 0;
  #answered = 0;
  /** How many requests were answered well between the two pauses before. */
  #answeredBefore = 0;
  /** Whether more had been tried before the latest pause. */
  #hasTried = false;
  /** Whether the latest pause came before the quota was used up. */
  #isDoubted = false;
  /** The pace of the requests, if the origin serves only few in a row. */
  #pace: Pace | undefined;
  /** Whether a pace turned out to be of no use. */
  #isErratic = false;
  /** How many requests could be in flight before the latest pause. */
  #atOnce = 0;
  /** How many windows there were since the latest 429, or since more was tried. */
  #cleanWindows = 0;
  #step = 0;

  /** Whether the origin's quota is known, or the pace that it accepts. */
  get isKnown(): boolean {
    return this.#limit !== undefined || this.#pace !== undefined;
  }

  /** Whether the origin has refused one request after the other for several pauses. */
  get servesNothing(): boolean {
    return this.fruitlessPauses >= DOUBTFUL_PAUSES;
  }

  /**
   * Counts a request that was answered well.
   *
   * @param sentAtMs When it was sent, on the client's clock.
   */
  noteSuccess(sentAtMs: number): void {
    this.#answered++;
    this.#served++;
    this.#pace?.noteServed(sentAtMs);
    this.#mostEnded = Math.max(this.#mostEnded, Math.min(REFUSALS, this.fruitlessPauses));
    this.#endRefusals();
  }

  #endRefusals(): void {
    this.fruitlessPauses = 0;
    this.#refusesSinceMs = Infinity;
  }

  /**
   * Whether the origin has refused everything for so many milliseconds, at least as often as a request is tried, and
   * {@linkcode MUCH_MORE} times as often as it did before it served requests again.
   */
  refusesAll(forMs: number, nowMs: number): boolean {
    return this.fruitlessPauses >= Math.max(REFUSALS, MUCH_MORE * this.#mostEnded) &&
      nowMs - this.#refusesSinceMs >= forMs;
  }

  /**
   * Notes that a pause begins.
   *
   * @param nowMs The time on the client's clock.
   * @param atOnce How many requests could be in flight until now.
   */
  notePause(nowMs: number, atOnce: number): void {
    this.#atOnce = atOnce;
    if (this.#pace?.noteRefused(nowMs, this.pausedUntilMs - this.#pausedAtMs, nowMs) === false) {
      this.#pace = undefined;
      this.#isErratic = true;
    }
    this.#betweenBeforeMs = this.#betweenMs;
    this.#betweenMs = nowMs - this.#pausedAtMs;
    this.#pausedAtMs = nowMs;
    this.#isPausing = true;
    this.#pauses++;
    this.fruitlessPauses++;
    this.#refusesSinceMs = Math.min(this.#refusesSinceMs, nowMs);
    this.#cleanWindows = 0;
    this.#hasTried = this.#step > 0;
    this.#step = 0;
  }

  /**
   * Counts a request that is sent.
   *
   * @returns Whether what was known of the quota has turned out to be wrong, and is forgotten.
   */
  noteSent(nowMs: number): boolean {
    const wasKnown = this.isKnown;
    this.#pace?.noteSent(nowMs, this.pausedUntilMs);
    if (this.#isPausing) this.#learn(nowMs);
    else if (this.#limit !== undefined && this.#sent >= this.#limit) this.#startWindow(nowMs);
    this.#sent++;
    return wasKnown && !this.isKnown;
  }

  #learn(nowMs: number): void {
    this.#isPausing = false;
    if (nowMs - this.pausedUntilMs >= UNASKED_MS) this.#endRefusals();
    const isEarly = this.#limit !== undefined &&
      (!this.#hasTried || this.#answered < (1 - TOLERANCE) * this.#limit);
    // The first request after the pause may come late.
    if (this.#answered > 0 && this.#pace === undefined) {
      this.#noteCount(isEarly, Math.min(nowMs, this.pausedUntilMs), nowMs);
    }
    this.#startedAtMs = nowMs;
    this.#sent = 0;
    this.#answeredBefore = this.#answered;
    this.#answered = 0;
  }

  #noteCount(isEarly: boolean, endMs: number, nowMs: number): void {
    if (isEarly) {
      // A single early refusal may mean that the origin's window began at another time than this one.
      if (this.#isDoubted) this.#limit = undefined;
      if (this.#isDoubted && this.#answered <= SEVERAL) {
        this.#beginPace((this.#pausedAtMs - this.#doubtedAtMs) / this.#served, nowMs);
      }
      this.#isDoubted = !this.#isDoubted;
      this.#doubtedAtMs = this.#pausedAtMs;
      this.#served = 0;
      return;
    }
    this.#isDoubted = false;
    if (this.#pauses < 2) return;
    const isSame = Math.abs(this.#answered - this.#answeredBefore) <= TOLERANCE * this.#answered;
    const windowMs = Math.max(SHORTEST_WINDOW_MS, endMs - this.#pausedAtMs);
    const isPaced = isSame ? this.#answered <= FEW : !this.isKnown && this.#isSameRate;
    if (isPaced && this.#atOnce === 1 && !this.#isErratic) {
      this.#beginPace((isSame ? windowMs : this.#betweenMs) / this.#answered, nowMs);
    } else if (this.isKnown || (isSame && this.#answered >= 2 * this.#atOnce)) {
      this.#limit = this.#answered;
      this.#windowMs = windowMs;
    }
  }

  /** Whether the origin has served as much per time between the latest two pauses as between the two before. */
  get #isSameRate(): boolean {
    const rate = this.#answered / this.#betweenMs;
    return Math.abs(rate - this.#answeredBefore / this.#betweenBeforeMs) <= TOLERANCE * rate;
  }

  /** Forgets the window, and sends requests at a pace, unless that was of no use before. */
  #beginPace(gapMs: number, nowMs: number): void {
    this.#limit = undefined;
    if (this.#isErratic) return;
    this.#pace = new Pace(Math.min(LONGEST_GAP_MS, gapMs), Math.min(FEW, this.#answered), nowMs);
  }

  #startWindow(nowMs: number): void {
    this.#startedAtMs = nowMs;
    this.#sent = 0;
    this.#answered = 0;
    if (++this.#cleanWindows < CALM_WINDOWS) return;
    this.#cleanWindows = 1;
    this.#step = this.#step === 0 ? Math.max(1, Math.floor(this.#limit! / 20)) : 2 * this.#step;
    this.#limit! += this.#step;
  }

  /** Returns until when nothing should be sent; not after `nowMs` if a request may be sent. */
  blockedUntilMs(nowMs: number): number {
    if (this.#pace !== undefined && !this.#isPausing) return this.#pace.blockedUntilMs(nowMs);
    if (this.#limit === undefined || this.#isPausing || this.#sent < this.#limit) return nowMs;
    // A clock that has gone back must not make a request wait for longer than a window.
    this.#startedAtMs = Math.min(this.#startedAtMs, nowMs);
    return this.#startedAtMs + this.#windowMs;
  }
}

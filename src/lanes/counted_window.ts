/**
 * A limit on requests in any window of a given length.
 *
 * @module
 */

/** Requests closer together than this share of the window count as one moment, so that the log of a large limit stays short. */
const RESOLUTION = 1 / 512;

/** Several requests at about the same time. */
interface Entry {
  /** When the first of them was answered. */
  readonly sinceMs: number;
  /** When the last of them was answered. */
  atMs: number;
  count: number;
}

/**
 * A log of the requests in the window that ends now. A request counts from when it is sent until a whole window after its
 * response. The origin has counted it sometime in between. So no window of the origin's, wherever it begins, holds more than the
 * limit.
 *
 * If the limit is used up for long, one request finds out whether the origin serves again. If it does, its windows begin at
 * other times than this one, and it may have served two whole limits in the time of one. If it serves even more, it does not
 * keep to the limit that it states.
 */
export class CountedWindow {
  /** The most requests in a window. */
  limit: number;
  readonly windowMs: number;
  readonly #maxWaitMs: number;
  readonly #log: Entry[] = [];
  #logged = 0;
  /** How many whole limits the origin may serve in the time of a window: 1, 2, or `Infinity` while it keeps to none. */
  #limits = 1;
  /** Whether one request tests the limit, because the wait for the end of the window was given up. */
  #isTrying = false;
  /** When the latest such request was refused. */
  #refusedAtMs = -Infinity;

  /**
   * Creates a window without requests.
   *
   * @param limit The most requests in a window.
   * @param windowMs How long the window is, in milliseconds.
   * @param maxWaitMs How long the window believes that the limit is used up after the latest response, in milliseconds.
   */
  constructor(limit: number, windowMs: number, maxWaitMs: number = Infinity) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Counts requests that have been answered. */
  note(nowMs: number, count: number): void {
    const last = this.#log.at(-1);
    this.#logged += count;
    if (last !== undefined && nowMs - last.sinceMs < this.windowMs * RESOLUTION) {
      last.atMs = nowMs;
      last.count += count;
    } else {
      this.#log.push({ sinceMs: nowMs, atMs: nowMs, count });
    }
  }

  /** Hears whether the origin has served a request; one that it served although the limit was used up proves the limit wrong. */
  hear(isOk: boolean): void {
    if (!isOk) {
      this.#limits = 1;
      if (this.#isTrying) this.#forgetLatest();
    } else if (this.#isTrying) this.#limits = this.#limits === 1 ? 2 : Infinity;
    this.#isTrying = false;
  }

  /**
   * Forgets the refused request that tested the limit. Most origins do not count what they refuse, and without its place a
   * request would wait for a whole window.
   */
  #forgetLatest(): void {
    const last = this.#log.at(-1);
    if (last === undefined) return;
    this.#refusedAtMs = last.atMs;
    this.#logged--;
    if (--last.count === 0) this.#log.pop();
  }

  /** Returns how many answered requests count now. */
  usedAt(nowMs: number): number {
    const log = this.#log;
    // A clock that has gone back must not make a request wait for longer than a window.
    this.#refusedAtMs = Math.min(this.#refusedAtMs, nowMs);
    if (log.length > 0 && log.at(-1)!.atMs > nowMs) {
      for (const entry of log) entry.atMs = Math.min(entry.atMs, nowMs);
    }
    while (log.length > 0 && log[0]!.atMs + this.windowMs <= nowMs) this.#logged -= log.shift()!.count;
    return this.#logged;
  }

  /**
   * Returns until when nothing should be sent.
   *
   * @param nowMs The time on the client's clock.
   * @param pending How many requests have been sent and not answered.
   * @returns `nowMs` if a request may be sent; `Infinity` if that depends on an answer.
   */
  blockedUntilMs(nowMs: number, pending: number): number {
    let tooMany = this.usedAt(nowMs) + pending - this.#limits * this.limit + 1;
    if (tooMany <= 0) return nowMs;
    const giveUpAtMs = pending > 0
      ? Infinity
      : Math.max(this.#refusedAtMs, this.#log.at(-1)!.atMs) + this.#maxWaitMs;
    if (nowMs >= giveUpAtMs) {
      this.#isTrying = true;
      return nowMs;
    }
    for (const { atMs, count } of this.#log) {
      tooMany -= count;
      if (tooMany <= 0) return Math.min(atMs + this.windowMs, giveUpAtMs);
    }
    return Infinity;
  }
}

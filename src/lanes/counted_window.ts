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
 */
export class CountedWindow {
  /** The most requests in a window. */
  limit: number;
  readonly windowMs: number;
  readonly #log: Entry[] = [];
  #logged = 0;

  /** Creates a window without requests. */
  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
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

  /** Returns how many answered requests count now. */
  usedAt(nowMs: number): number {
    const log = this.#log;
    // A clock that has gone back must not make a request wait for longer than a window.
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
    let tooMany = this.usedAt(nowMs) + pending - this.limit + 1;
    if (tooMany <= 0) return nowMs;
    for (const { atMs, count } of this.#log) {
      tooMany -= count;
      if (tooMany <= 0) return atMs + this.windowMs;
    }
    return Infinity;
  }
}

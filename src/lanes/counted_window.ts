/**
 * A limit on how many requests there may be in any stretch of time.
 *
 * @module
 */

/** Requests closer together than this part of the window count as one moment, so that the log of a large limit stays short. */
const RESOLUTION = 1 / 512;

/** Some requests at about the same time. */
interface Entry {
  /** When the first of them was answered. */
  readonly sinceMs: number;
  /** When the last one was. */
  atMs: number;
  count: number;
}

/**
 * A log of the requests in the window that ends now. One counts from when it is sent until a whole window after its response has come: the
 * origin has counted it sometime in between, so that no window of the origin's, wherever it begins, holds more than the limit.
 */
export class CountedWindow {
  /** How many there may be. */
  limit: number;
  readonly windowMs: number;
  readonly #log: Entry[] = [];
  #logged = 0;

  /** Creates a window in which nothing has been answered. */
  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** Some requests have been answered. */
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

  /** How many of the requests that were answered count now. */
  usedAt(nowMs: number): number {
    const log = this.#log;
    // A clock that has gone back makes no request wait for longer than a window.
    if (log.length > 0 && log.at(-1)!.atMs > nowMs) {
      for (const entry of log) entry.atMs = Math.min(entry.atMs, nowMs);
    }
    while (log.length > 0 && log[0]!.atMs + this.windowMs <= nowMs) this.#logged -= log.shift()!.count;
    return this.#logged;
  }

  /**
   * Until when nothing should be sent.
   *
   * @param nowMs The time on the client's clock.
   * @param pending How many have been sent and not answered.
   * @returns `nowMs` if something may be; `Infinity` until one of those is answered.
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

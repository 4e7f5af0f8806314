/**
 * One request goes ahead of a burst to an origin to which no connection is known to be open.
 *
 * @module
 */

import { SHORTEST_WAIT_MS } from "../primitives/clock.ts";

/** After so long without an attempt, connections count as closed, in milliseconds. */
const IDLE_MS = 60_000;

/** The longest that a burst waits for the request ahead of it, in milliseconds; a server may be slow to answer. */
const WARM_UP_MS = 500;

/**
 * Where requests may share a connection, nothing tells how many would be opened for a burst: the first request goes ahead, and
 * the others come when it was answered, or when it was waited for long enough. All times are on the client's clock, in milliseconds.
 */
export class WarmUp {
  readonly #isWorthwhile: () => boolean;
  /** From when on connections count as closed. */
  #coldAtMs = -Infinity;
  /** Until when the one ahead is waited for; 0 while there is none. */
  #aheadUntilMs = 0;

  /** Begins without connections; `isWorthwhile` tells whether requests share them, as far as is known. */
  constructor(isWorthwhile: () => boolean) {
    this.#isWorthwhile = isWorthwhile;
  }

  /** Whether no connection is known to be open. */
  isCold(nowMs: number): boolean {
    return nowMs >= this.#coldAtMs;
  }

  /** Until when others wait for the one ahead; 0 if none does. */
  blockedUntilMs(nowMs: number): number {
    return this.isCold(nowMs) && nowMs < this.#aheadUntilMs - SHORTEST_WAIT_MS ? this.#aheadUntilMs : 0;
  }

  /** An attempt is about to be sent: it goes ahead, or is one of those that have waited. */
  noteSent(nowMs: number): void {
    if (!this.isCold(nowMs)) return;
    if (this.#aheadUntilMs === 0 && this.#isWorthwhile()) {
      this.#aheadUntilMs = nowMs + WARM_UP_MS;
    } else {
      this.#aheadUntilMs = 0;
      this.#coldAtMs = nowMs + IDLE_MS;
    }
  }

  /** The attempt that went ahead has ended without a response: another one goes ahead. */
  noteFailure(): void {
    this.#aheadUntilMs = 0;
  }

  /**
   * An attempt that began then has been answered.
   *
   * @returns Whether some may have waited for that.
   */
  noteAnswer(startedAtMs: number): boolean {
    const wasAhead = this.#aheadUntilMs > 0;
    this.#coldAtMs = Math.max(this.#coldAtMs, startedAtMs + IDLE_MS);
    this.#aheadUntilMs = 0;
    return wasAhead;
  }
}

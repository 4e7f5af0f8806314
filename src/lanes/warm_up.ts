/**
 * The warm-up of connections: one request goes ahead of a burst to an origin without a known open connection.
 *
 * @module
 */

import { SHORTEST_WAIT_MS } from "../primitives/clock.ts";

/** After this time without an attempt, connections count as closed, in milliseconds. */
const IDLE_MS = 60_000;

/** How long a burst waits at most for the request ahead of it, in milliseconds; a server may be slow to answer. */
const WARM_UP_MS = 500;

/**
 * Lets one request go ahead of a burst. Where requests may share a connection, nothing else would limit how many connections a
 * burst opens. The others go when the first was answered, or when they have waited long enough. All times are on the client's
 * clock, in milliseconds.
 */
export class WarmUp {
  readonly #isWorthwhile: () => boolean;
  /** When connections begin to count as closed. */
  #coldAtMs = -Infinity;
  /** Until when others wait for the request ahead; 0 while there is none. */
  #aheadUntilMs = 0;

  /** Creates the state without connections; `isWorthwhile` tells whether requests share them, as far as is known. */
  constructor(isWorthwhile: () => boolean) {
    this.#isWorthwhile = isWorthwhile;
  }

  /** Whether no connection is known to be open. */
  isCold(nowMs: number): boolean {
    return nowMs >= this.#coldAtMs;
  }

  /** Returns until when others wait for the request ahead; 0 if none does. */
  blockedUntilMs(nowMs: number): number {
    return this.isCold(nowMs) && nowMs < this.#aheadUntilMs - SHORTEST_WAIT_MS ? this.#aheadUntilMs : 0;
  }

  /** Notes that an attempt is about to be sent: the one ahead, or one that has waited. */
  noteSent(nowMs: number): void {
    if (!this.isCold(nowMs)) return;
    if (this.#aheadUntilMs === 0 && this.#isWorthwhile()) {
      this.#aheadUntilMs = nowMs + WARM_UP_MS;
    } else {
      this.#aheadUntilMs = 0;
      this.#coldAtMs = nowMs + IDLE_MS;
    }
  }

  /** Notes that the attempt ahead has ended without a response, so that another one goes ahead. */
  noteFailure(): void {
    this.#aheadUntilMs = 0;
  }

  /**
   * Notes the answer to an attempt that began at that time.
   *
   * @returns Whether others may have waited for it.
   */
  noteAnswer(startedAtMs: number): boolean {
    const wasAhead = this.#aheadUntilMs > 0;
    this.#coldAtMs = Math.max(this.#coldAtMs, startedAtMs + IDLE_MS);
    this.#aheadUntilMs = 0;
    return wasAhead;
  }
}

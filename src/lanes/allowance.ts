/**
 * The limits of a batch on its requests in flight and asleep.
 *
 * @module
 */

import type { Claimant } from "./claimant.ts";

/**
 * Counts the requests of a batch that have been pulled and have not ended. A request is *active* from the moment it is pulled,
 * and *asleep* while it waits for its turn, for the end of a backoff, or for another request: then it takes no place.
 */
export class Allowance {
  /** How many requests are in flight. */
  active = 0;
  /** How many requests wait. */
  asleep = 0;
  /** The signal of the batch, whose abort ends all of its requests. */
  signal: AbortSignal | undefined;
  /** The reason why no more requests of the batch may begin, once it was stopped. */
  stopped: { readonly reason: unknown } | undefined;
  /** When the batch began, on the client's clock. */
  beganAtMs: number = -Infinity;
  /** When the batch times out, on the client's clock. */
  endsAtMs: number = Infinity;
  /** Whether the batch may have further requests to pull. */
  hasMore = true;
  /** How many requests may be in flight; lower while second attempts take places. */
  concurrency: number;
  /** How many requests may wait while others go on. */
  readonly maxWaiting: number;
  readonly #onRoom: () => void;
  /** Whether a claimant has found no room. */
  hasRefused = false;
  /** The claimants that found too many requests of the batch in flight: lanes, and second attempts. */
  readonly #refused: Claimant[] = [];

  /**
   * Creates an allowance that is not used yet.
   *
   * @param concurrency How many requests may be in flight.
   * @param maxWaiting How many requests may wait.
   * @param onRoom Called when the batch may pull another request: one in flight begins to wait, one goes on while the most that
   * may wait did, or a second attempt gives its place back.
   */
  constructor(concurrency: number, maxWaiting: number, onRoom: () => void) {
    this.concurrency = concurrency;
    this.maxWaiting = maxWaiting;
    this.#onRoom = onRoom;
  }

  /** Counts a request in flight that has to wait from now on. */
  fallAsleep(): void {
    this.active--;
    this.asleep++;
    this.#onRoom();
  }

  /** Counts a waiting request that goes on. */
  wakeUp(): void {
    // One request may always wait; otherwise none could fall asleep.
    const wasFull = this.asleep-- === Math.max(1, this.maxWaiting);
    this.active++;
    if (wasFull) this.#onRoom();
  }

  /** Takes a place for a second attempt. */
  takePlace(): void {
    this.concurrency--;
  }

  /** Gives the place of a second attempt back. */
  givePlaceBack(): void {
    this.concurrency++;
    this.#onRoom();
  }

  /** Remembers a claimant that found no room, so that it can claim again later. */
  refuse(claimant: Claimant): void {
    if (!this.#refused.includes(claimant)) this.#refused.push(claimant);
    this.hasRefused = true;
  }

  /** Returns a claimant that found no room, if there is room now; each is returned once. */
  takeRefused(): Claimant | undefined {
    if (this.active >= this.concurrency) return undefined;
    const claimant = this.#refused.pop();
    this.hasRefused = this.#refused.length > 0;
    return claimant;
  }
}

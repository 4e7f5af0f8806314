/**
 * What a batch may have in flight, and asleep.
 *
 * @module
 */

import type { Claimant } from "./claimant.ts";

/** The share of those that may wait from which on a batch is crowded. */
const CROWDED = 0.75;

/**
 * Counts the requests of a batch that have been pulled and have not ended. One is *active* from the moment it is pulled, and
 * *asleep* while it waits for its turn, for the end of a backoff, or for another request: then it takes no place.
 */
export class Allowance {
  /** Requests that are in flight. */
  active = 0;
  /** Requests that wait. */
  asleep = 0;
  /** The signal of the batch, which all of its requests end with. */
  signal: AbortSignal | undefined;
  /** Why no more of its requests may begin, once the batch was stopped. */
  stopped: { readonly reason: unknown } | undefined;
  /** When the batch has begun, on the client's clock. */
  beganAtMs: number = -Infinity;
  /** When the batch will have taken too long, on the client's clock. */
  endsAtMs: number = Infinity;
  /** Whether the batch may have further requests. */
  hasMore = true;
  /** How many may be in flight: fewer while second attempts take the places of others. */
  concurrency: number;
  /** How many may wait while others go on. */
  readonly maxWaiting: number;
  readonly #onRoom: () => void;
  /** Whether one has found no room. */
  hasRefused = false;
  /** Lanes whose requests could not go on because too many were in flight, and second attempts. */
  readonly #refused: Claimant[] = [];

  /**
   * Creates an allowance of which nothing is used.
   *
   * @param concurrency How many requests may be in flight.
   * @param maxWaiting How many may wait.
   * @param onRoom Called when one waits that was in flight, or goes on where as many waited as may: another may be pulled.
   */
  constructor(concurrency: number, maxWaiting: number, onRoom: () => void) {
    this.concurrency = concurrency;
    this.maxWaiting = maxWaiting;
    this.#onRoom = onRoom;
  }

  /** One of those that are in flight has to wait. */
  fallAsleep(): void {
    this.active--;
    this.asleep++;
    this.#onRoom();
  }

  /** One of those that wait goes on. */
  wakeUp(): void {
    // One may always wait, or none could.
    const wasFull = this.asleep-- === Math.max(1, this.maxWaiting);
    this.active++;
    if (wasFull) this.#onRoom();
  }

  /** Whether so many wait that the batch will soon stand still. */
  get isCrowded(): boolean {
    return this.hasMore && this.asleep >= CROWDED * this.maxWaiting;
  }

  /** A second attempt takes a place. */
  takePlace(): void {
    this.concurrency--;
  }

  /** A second attempt has ended. */
  givePlaceBack(): void {
    this.concurrency++;
    this.#onRoom();
  }

  /** Remembers what found no room, so that it claims again when there is some. */
  refuse(claimant: Claimant): void {
    if (!this.#refused.includes(claimant)) this.#refused.push(claimant);
    this.hasRefused = true;
  }

  /** What found no room, now that there is some; each is given once. */
  takeRefused(): Claimant | undefined {
    if (this.active >= this.concurrency) return undefined;
    const claimant = this.#refused.pop();
    this.hasRefused = this.#refused.length > 0;
    return claimant;
  }
}

/**
 * The share of the permits that slow requests may hold.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";

/** One of so many permits is enough for slow requests while others want the rest. */
const PERMITS_FOR_ONE = 4;

/**
 * Counts the permits of requests that keep them for long. While others want permits, they may hold a quarter of them, and one at
 * least.
 */
export class SmallShare {
  readonly #view: { readonly capacity: number };
  /** How many permits these requests hold. */
  inFlight = 0;

  /** Creates a share of which nothing is used; the view says how many permits there are. */
  constructor(view: { readonly capacity: number }) {
    this.#view = view;
  }

  /** Returns how many permits these requests may hold, of the client's or of a batch's concurrency. */
  room(allowance: Allowance | undefined): number {
    const permits = Math.min(this.#view.capacity, allowance?.concurrency ?? Infinity);
    return Math.max(1, Math.floor(permits / PERMITS_FOR_ONE));
  }

  /** Whether these requests hold as many permits as they may. */
  isFull(allowance: Allowance | undefined): boolean {
    return this.inFlight >= this.room(allowance);
  }
}

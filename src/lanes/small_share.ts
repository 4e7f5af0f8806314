/**
 * Permits for those who keep them for long.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";

/** One of so many permits is enough for them while others have use for the rest. */
const PERMITS_FOR_ONE = 4;

/** Counts the permits of requests that may hold only some of them while others have use for them: a quarter, and one at least. */
export class SmallShare {
  readonly #view: { readonly capacity: number };
  /** How many permits they hold. */
  inFlight = 0;

  /** Begins without any; the view says how many permits there are. */
  constructor(view: { readonly capacity: number }) {
    this.#view = view;
  }

  /** How many they may hold; and in a batch, of what that may have in flight. */
  room(allowance: Allowance | undefined): number {
    const permits = Math.min(this.#view.capacity, allowance?.concurrency ?? Infinity);
    return Math.max(1, Math.floor(permits / PERMITS_FOR_ONE));
  }

  /** Whether they hold as much as they may. */
  isFull(allowance: Allowance | undefined): boolean {
    return this.inFlight >= this.room(allowance);
  }
}

/**
 * Attempts that may be able to give their permits back early.
 *
 * @module
 */

import type { PermitLedger } from "../primitives/permit_ledger.ts";
import type { Lane } from "./lane.ts";

/** An attempt that holds a permit for a body which is read at the caller's pace. */
export interface PermitHolder {
  /** The lane that the permit counts in. */
  readonly lane: Lane;
  /** Gives the permit back as soon as that is possible without a loss, because a request waits for one. Called once. */
  hurry(): void;
}

/** The holders of a client. Hurries them when a request waits: in this client, or in another one that shares the semaphore. */
export class PermitHolders {
  readonly #ledger: PermitLedger;
  readonly #holders: Set<PermitHolder> = new Set();

  /** Creates the collection without holders. */
  constructor(ledger: PermitLedger) {
    this.#ledger = ledger;
  }

  /** How many holders were not hurried yet. */
  get size(): number {
    return this.#holders.size;
  }

  /** Adds a holder; hurries it at once if a request waits. */
  add(holder: PermitHolder): void {
    if (this.#ledger.waiters.size > 0 || holder.lane.queued > 0) return holder.hurry();
    this.#holders.add(holder);
    (this.#ledger.onShortage ??= new Set()).add(this.hurry);
  }

  /** Removes a holder that has given its permit back. */
  delete(holder: PermitHolder): void {
    this.#holders.delete(holder);
    if (this.#holders.size === 0) this.#stopListening();
  }

  /** Hurries all holders, because a request waits for a permit. One function, because it is a listener. */
  readonly hurry = (): void => {
    const holders = [...this.#holders];
    this.#holders.clear();
    this.#stopListening();
    for (const holder of holders) holder.hurry();
  };

  #stopListening(): void {
    const { onShortage } = this.#ledger;
    onShortage?.delete(this.hurry);
    if (onShortage?.size === 0) this.#ledger.onShortage = undefined;
  }
}

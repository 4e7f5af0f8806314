/**
 * Attempts that may be able to give their permit back early.
 *
 * @module
 */

import type { PermitLedger } from "../primitives/permit_ledger.ts";
import type { Lane } from "./lane.ts";

/** Holds a permit for a body that is read at the caller's pace. */
export interface PermitHolder {
  /** The lane that the permit counts in. */
  readonly lane: Lane;
  /** A request waits for a permit: gives it back as soon as that is possible without a loss. Called once. */
  hurry(): void;
}

/** Knows them, and tells them when a request waits: in this client, or for a semaphore that it shares with others. */
export class PermitHolders {
  readonly #ledger: PermitLedger;
  readonly #holders: Set<PermitHolder> = new Set();

  /** Knows no holder yet. */
  constructor(ledger: PermitLedger) {
    this.#ledger = ledger;
  }

  /** How many have not been told yet. */
  get size(): number {
    return this.#holders.size;
  }

  /** Adds a holder, and tells it at once if a request waits. */
  add(holder: PermitHolder): void {
    if (this.#ledger.waiters.size > 0 || holder.lane.queued > 0) return holder.hurry();
    this.#holders.add(holder);
    (this.#ledger.onShortage ??= new Set()).add(this.hurry);
  }

  /** A holder has given its permit back. */
  delete(holder: PermitHolder): void {
    this.#holders.delete(holder);
    if (this.#holders.size === 0) this.#stopListening();
  }

  /** A request waits for a permit. One function, because it is a listener. */
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

/**
 * Those who hold a permit that they may be able to give back early.
 *
 * @module
 */

import type { PermitLedger } from "../primitives/permit_ledger.ts";
import type { Lane } from "./lane.ts";

/** Holds a permit for something that goes on at somebody else's pace. */
export interface PermitHolder {
  /** The lane that the permit counts in. */
  readonly lane: Lane;
  /** Somebody waits for a permit: gives it back as soon as that is possible without a loss. Called once. */
  hurry(): void;
}

/** Knows them, and tells them when somebody waits: in this client, or for a semaphore that it shares with others. */
export class PermitHolders {
  readonly #ledger: PermitLedger;
  readonly #holders: Set<PermitHolder> = new Set();

  /** Knows nobody yet. */
  constructor(ledger: PermitLedger) {
    this.#ledger = ledger;
  }

  /** How many have not been told yet. */
  get size(): number {
    return this.#holders.size;
  }

  /** Somebody holds a permit from now on; tells them at once if somebody waits. */
  add(holder: PermitHolder): void {
    if (this.#ledger.waiting > 0 || holder.lane.queued > 0) return holder.hurry();
    this.#holders.add(holder);
    (this.#ledger.onShortage ??= new Set()).add(this.hurry);
  }

  /** Somebody has given their permit back. */
  delete(holder: PermitHolder): void {
    this.#holders.delete(holder);
    if (this.#holders.size === 0) this.#stopListening();
  }

  /** Somebody waits for a permit. One function, because it is a listener. */
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

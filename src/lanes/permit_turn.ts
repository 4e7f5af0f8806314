/**
 * A client's place in the queue of a semaphore that others use as well.
 *
 * @module
 */

import { type PermitLedger, PermitWaiter } from "../primitives/permit_ledger.ts";

/** One place for all requests of a client; which of them gets the permit is decided when it has come. */
export class PermitTurn extends PermitWaiter {
  /** Whether it stands in the queue. */
  isQueued = false;
  readonly #onTurn: () => void;

  /**
   * Creates a place, which is in no queue yet.
   *
   * @param ledger The permits of the semaphore.
   * @param onTurn Called when a permit has come.
   */
  constructor(ledger: PermitLedger, onTurn: () => void) {
    super(ledger, 1);
    this.#onTurn = onTurn;
  }

  /** Gets in line, unless it is there. */
  queue(): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.ledger.enqueue(this);
  }

  /** Leaves the queue: no request of the client waits any more. Those behind are held up by others, and not by this one. */
  leave(): void {
    if (!this.isQueued) return;
    this.isQueued = false;
    this.ledger.waiters.remove(this);
  }

  grant(): void {
    this.isQueued = false;
    this.#onTurn();
  }

  reject(): void {}
}

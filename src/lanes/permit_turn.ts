/**
 * A client's place in the queue of a semaphore that other clients share.
 *
 * @module
 */

import { type PermitLedger, PermitWaiter } from "../primitives/permit_ledger.ts";

/** One place for all requests of a client. Which of them gets the permit is decided when the permit has come. */
export class PermitTurn extends PermitWaiter {
  /** Whether the place is in the queue. */
  isQueued = false;
  readonly #onTurn: () => void;

  /**
   * Creates a place that is in no queue yet.
   *
   * @param ledger The permits of the semaphore.
   * @param onTurn Called when a permit has come.
   */
  constructor(ledger: PermitLedger, onTurn: () => void) {
    super(ledger, 1);
    this.#onTurn = onTurn;
  }

  /** Enters the queue, unless the place is there. */
  queue(): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.ledger.enqueue(this);
  }

  /**
   * Leaves the queue, because no request of the client waits any more. Does not wake those behind: this place of one permit did
   * not hold them up.
   */
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

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
  override priority = 0;
  readonly #onTurn: () => void;
  #isEntering = false;
  /** How many permits have come while the place entered the queue. */
  #come = 0;

  /**
   * Creates a place that is in no queue yet.
   *
   * @param ledger The permits of the semaphore.
   * @param onTurn Called when a permit has come, unless `queue` returns it.
   */
  constructor(ledger: PermitLedger, onTurn: () => void) {
    super(ledger, 1);
    this.#onTurn = onTurn;
  }

  /**
   * Enters the queue, unless the place is there with that priority or a higher one.
   *
   * @param priority The priority in the queue.
   * @returns How many permits have come at once, because all others in the queue want more than is free.
   */
  queue(priority = 0): number {
    if (this.isQueued && this.priority >= priority) return 0;
    this.leave();
    this.priority = priority;
    this.isQueued = this.#isEntering = true;
    this.ledger.enqueue(this);
    this.#isEntering = false;
    const come = this.#come;
    this.#come = 0;
    return come;
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
    if (this.#isEntering) this.#come++;
    else this.#onTurn();
  }

  reject(): void {}
}

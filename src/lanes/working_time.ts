/**
 * The time in which origins work.
 *
 * @module
 */

/** Time without what lanes have spent with an open breaker: what happens then tells nothing of how much may be retried. */
export class WorkingTime {
  /** Lanes whose breaker is not closed. */
  openLanes = 0;
  #openSinceMs = 0;
  /** How long there were such lanes before, in milliseconds. */
  idleMs = 0;

  /** The working time at a time on the client's clock, in milliseconds. */
  at(nowMs: number): number {
    return nowMs - this.idleMs - (this.openLanes > 0 ? nowMs - this.#openSinceMs : 0);
  }

  /** A lane's breaker has opened, or has closed. */
  note(isOpen: boolean, atMs: number): void {
    if (isOpen && this.openLanes++ === 0) this.#openSinceMs = atMs;
    else if (!isOpen && --this.openLanes === 0) this.idleMs += atMs - this.#openSinceMs;
  }
}

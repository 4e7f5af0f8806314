/**
 * Work that no caller waits for.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";

/** Keeps what goes on without a caller, until it ends, so that closing can wait for it. */
export class Background {
  /** The work, and the calls that some of it consists of. */
  readonly #work = new Map<Promise<unknown>, Call | undefined>();

  /**
   * Keeps some work.
   *
   * @param work The work.
   * @param call A call that it consists of, or the rest of one whose caller has been answered.
   */
  keep(work: Promise<unknown>, call?: Call): void {
    this.#work.set(work, call);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
  }

  /** Ends when everything has ended; what has ended may have left something to be stored. */
  async end(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work.keys());
  }

  /** Stops the calls. */
  cancel(reason: unknown): void {
    for (const call of this.#work.values()) call?.cancel(reason);
  }

  /** Stops the calls whose callers have been answered, and that only wait for their turn or for the next try. */
  cancelWaiting(reason: unknown): void {
    for (const call of this.#work.values()) {
      if (call?.isBackground === false && !call.isInFlight) call.cancel(reason);
    }
  }
}

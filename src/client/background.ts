/**
 * Work that no caller waits for.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";

/** Keeps work that goes on without a caller until it ends, so that a closing client can wait for it. */
export class Background {
  /** The work, with its call where it consists of one. */
  readonly #work = new Map<Promise<unknown>, Call | undefined>();

  /**
   * Keeps some work.
   *
   * @param work The work.
   * @param call The call that the work consists of, or whose rest it is after the caller has been answered.
   */
  keep(work: Promise<unknown>, call?: Call): void {
    this.#work.set(work, call);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when all work has ended, also work that begins meanwhile: a call that ends may leave a response to be stored. */
  async end(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work.keys());
  }

  /** Cancels all calls. */
  cancel(reason: unknown): void {
    for (const call of this.#work.values()) call?.cancel(reason);
  }

  /** Cancels the calls whose callers have been answered, and which only wait for their turn or for a retry. */
  cancelWaiting(reason: unknown): void {
    for (const call of this.#work.values()) {
      if (call?.isBackground === false && !call.isInFlight) call.cancel(reason);
    }
  }
}

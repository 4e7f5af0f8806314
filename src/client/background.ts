/**
 * Work that nobody waits for.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";

/** Keeps what goes on without a caller, until it ends, so that closing can wait for it. */
export class Background {
  /** The work, and the calls that some of it consists of. */
  readonly #work = new Map<Promise<unknown>, Call | undefined>();

  /** Keeps some work; of a call, {@linkcode Background.cancel} stops it. */
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
}

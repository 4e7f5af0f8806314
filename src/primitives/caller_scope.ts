/**
 * The async context of a caller, for what others start for it.
 *
 * @module
 */

import { type Deferred, deferredAcrossRequests } from "./deferred.ts";

/**
 * Runs functions in the async context in which it was made, whoever asks for it: what an `AsyncLocalStorage` holds there is the caller's
 * own. What runs after a promise does so in the context in which it was said what does.
 */
export class CallerScope {
  readonly #waiting: (() => void)[] = [];
  #bell!: Deferred<void>;

  /** Remembers the present context. */
  constructor() {
    this.#listen();
  }

  /**
   * Runs a function there, in a microtask.
   *
   * @param work What to run.
   * @returns What it gives; rejects with what it throws.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => void work().then(resolve, reject));
      this.#bell.resolve();
    });
  }

  #listen(): void {
    this.#bell = deferredAcrossRequests();
    this.#bell.promise.then(() => {
      this.#listen();
      for (const start of this.#waiting.splice(0)) start();
    });
  }
}

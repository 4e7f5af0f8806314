/**
 * The async context of a caller, for functions that other code starts on the caller's behalf.
 *
 * @module
 */

import { type Deferred, deferredAcrossRequests } from "./deferred.ts";

/**
 * Runs functions in the async context in which the scope was created, so that they find the caller's values in an
 * `AsyncLocalStorage`, whichever code calls `run`. It uses that a `then` callback runs in the context of the code that called
 * `then`.
 */
export class CallerScope {
  readonly #waiting: (() => void)[] = [];
  #bell!: Deferred<void>;

  /** Creates a scope that keeps the present async context. */
  constructor() {
    this.#listen();
  }

  /**
   * Runs a function in that context, in a microtask.
   *
   * @param work The function.
   * @returns The result of the function; rejects with its error.
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

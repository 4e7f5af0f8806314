/**
 * The items of a source for a consumer that pulls them one by one.
 *
 * @module
 */

import type { ItemSource } from "../policies/item_source.ts";
import "../primitives/dispose_symbols.ts";

type Result<T> = IteratorResult<T, undefined>;

const END: Result<never> = { done: true, value: undefined };

/** Where the items come from, and what ends the stream. */
export interface ItemStreamOptions<T> {
  /** Makes the source; called when the first item is asked for. */
  readonly load: () => Promise<ItemSource<T>>;
  /** Returns the reason of the caller's abort, or of the client's closing; `undefined` while there is neither. */
  readonly stopped: () => { readonly reason: unknown } | undefined;
}

/**
 * Yields the items of a source in order. The source delivers them in portions; the stream yields the items of a portion that has
 * come without a wait. A consumer may call `next()` again before the earlier call has settled. The stream rejects with an error
 * once; after it the stream is over.
 */
export class ItemStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  readonly #options: ItemStreamOptions<T>;
  #source: ItemSource<T> | undefined;
  #items: readonly T[] = [];
  #index = 0;
  /** How many calls of `next()` wait, and the latest of them. */
  #waiting = 0;
  #latest: Promise<unknown> = Promise.resolve();
  #hasEnded = false;

  /** Creates the stream; nothing starts before the first `next()`. */
  constructor(options: ItemStreamOptions<T>) {
    this.#options = options;
  }

  next(): Promise<Result<T>> {
    if (this.#waiting === 0 && this.#index < this.#items.length && this.#options.stopped() === undefined) {
      return Promise.resolve({ done: false, value: this.#items[this.#index++]! });
    }
    this.#waiting++;
    const result = this.#latest.then(() => this.#wait());
    const goOn = (): void => void this.#waiting--;
    this.#latest = result.then(goOn, goOn);
    return result;
  }

  async #wait(): Promise<Result<T>> {
    try {
      return await this.#take();
    } catch (error) {
      // A consumer that has left does not hear of errors in the rest.
      if (this.#hasEnded) return END;
      this.#end();
      throw error;
    }
  }

  async #take(): Promise<Result<T>> {
    while (!this.#hasEnded) {
      const stopped = this.#options.stopped();
      if (stopped !== undefined) throw stopped.reason;
      if (this.#index < this.#items.length) return { done: false, value: this.#items[this.#index++]! };
      this.#source ??= await this.#options.load();
      if (this.#hasEnded) break;
      const items = await this.#source.read();
      if (this.#hasEnded) break;
      if (items === undefined) this.#end();
      this.#items = items ?? [];
      this.#index = 0;
    }
    return END;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#items = [];
    this.#source?.close();
  }

  /** Leaves the stream: what is in flight is aborted, and what is held is dropped. */
  return(): Promise<Result<T>> {
    this.#end();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Leaves the stream, as {@linkcode ItemStream.return} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

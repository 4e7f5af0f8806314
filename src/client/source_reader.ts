/**
 * Where a batch gets its requests from.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { CallerScope } from "../primitives/caller_scope.ts";
import { checkSource } from "./request_checks.ts";
import type { FetchRequest, RequestSource } from "./request.ts";

/** What a source says. */
export type SourceResult = IteratorResult<FetchRequest>;

/** What it says when there is nothing more. */
export const END: SourceResult = { done: true, value: undefined };

/** What lists are iterated over with, before any program has changed that. */
const valuesOf = Array.prototype[Symbol.iterator];

/** Asks a source for one request after the other, and closes it when no more are wanted. */
export class SourceReader {
  /** The source, where it is a list that says nothing new when it is asked by its iterator. */
  readonly list: readonly FetchRequest[] | undefined;
  /** Whether it can be asked. */
  isOpen = false;
  readonly #source: RequestSource;
  /** Where a source is asked that waits for something itself; absent for others. */
  readonly #scope: CallerScope | undefined;
  #iterator: Iterator<FetchRequest> | AsyncIterator<FetchRequest> | undefined;
  /** Whether its `next()` has not returned yet, so that it can't be closed. */
  #isInside = false;
  #isClosed = false;

  /**
   * Opens nothing yet.
   *
   * @throws {TypeError} If the source can't be iterated over.
   */
  constructor(source: RequestSource) {
    checkSource(source);
    this.#source = source;
    if (isPlainList(source)) this.list = source;
    if (Symbol.asyncIterator in source) this.#scope = new CallerScope();
  }

  /**
   * Makes it ready to be asked.
   *
   * @throws {unknown} What the source throws.
   */
  open(): void {
    const source = this.#source;
    this.#iterator = Symbol.asyncIterator in source
      ? source[Symbol.asyncIterator]()
      : source[Symbol.iterator]();
    this.isOpen = true;
  }

  /**
   * Asks for the next request, in the caller's own context if the source may wait for something itself.
   *
   * @returns What the source says; a promise of it if that takes time.
   * @throws {TypeError} Throws or rejects if it says nothing of use.
   * @throws {unknown} Throws or rejects with what the source does.
   */
  ask(): SourceResult | Promise<SourceResult> {
    const result = this.#scope === undefined
      ? checkResult(this.#next())
      : this.#scope.run(() => this.#nextLater());
    // Whatever has a `then` is waited for, as `for await` would do.
    return "then" in result ? Promise.resolve(result).then(checkResult) : result;
  }

  /** What the source says next. One that has ended its own batch meanwhile could not be closed while it was asked. */
  #next(): SourceResult | Promise<SourceResult> {
    let result: SourceResult | Promise<SourceResult>;
    this.#isInside = true;
    try {
      result = this.#iterator!.next();
    } finally {
      this.#isInside = false;
    }
    if (this.#isClosed && (result as SourceResult | undefined)?.done !== true) this.closeUnheard();
    return result;
  }

  /** Meanwhile it may have been closed. */
  async #nextLater(): Promise<SourceResult> {
    return this.#isClosed ? END : await checkResult(this.#next());
  }

  /**
   * Closes the source.
   *
   * @returns When it is closed.
   * @throws {unknown} Rejects with what the source does at that.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#iterator?.return?.();
  }

  /** Closes the source, whose end can't be waited for; how that ends does not matter any more. */
  closeUnheard(): void {
    this.#isClosed = true;
    if (!this.#isInside) ignoreFailure(() => this.#iterator?.return?.());
  }
}

/** Whether what the iterator of a source gives is what is at 0, 1 and so on, as long as there is anything. */
function isPlainList(source: RequestSource): source is readonly FetchRequest[] {
  return Object.getPrototypeOf(source) === Array.prototype && !Object.hasOwn(source, Symbol.iterator) &&
    Array.isArray(source) && source[Symbol.iterator] === valuesOf;
}

function checkResult<T>(result: T): T {
  if (typeof result === "object" && result !== null) return result;
  throw new TypeError(
    `Cannot fetch many as the source's next() must give an object: received ${describeKind(result)}`,
  );
}

/** Does what can't be waited for, and may fail. */
function ignoreFailure(close: () => unknown): void {
  new Promise((resolve) => resolve(close())).catch(() => {});
}

/**
 * Reads the requests of a batch from their source.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { CallerScope } from "../primitives/caller_scope.ts";
import { checkSource } from "./request_checks.ts";
import type { FetchRequest, RequestSource } from "./request.ts";

/** The result of asking a source. */
export type SourceResult = IteratorResult<FetchRequest>;

/** The result of a source that is at its end. */
export const END: SourceResult = { done: true, value: undefined };

/** The iterator of arrays, before any program has replaced it. */
const valuesOf = Array.prototype[Symbol.iterator];

/** Asks a source for one request after the other, and closes it when no more are wanted. */
export class SourceReader {
  /** The source, if it is an array whose iterator yields just its members; absent otherwise. */
  readonly list: readonly FetchRequest[] | undefined;
  /** Whether it can be asked. */
  isOpen = false;
  readonly #source: RequestSource;
  /** The async context in which an async source is asked; absent for other sources. */
  readonly #scope: CallerScope | undefined;
  #iterator: Iterator<FetchRequest> | AsyncIterator<FetchRequest> | undefined;
  /** Whether its `next()` has not returned yet, so that it can't be closed. */
  #isInside = false;
  #isClosed = false;

  /**
   * Creates a reader, which opens nothing yet.
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
   * Asks for the next request; an async source is asked in the caller's own async context.
   *
   * @returns The source's result, or a promise of it if that takes time.
   * @throws {TypeError} Throws or rejects if the result is no object.
   * @throws {unknown} Throws or rejects as the source does.
   */
  ask(): SourceResult | Promise<SourceResult> {
    const result = this.#scope === undefined
      ? checkResult(this.#next())
      : this.#scope.run(() => this.#nextLater());
    // Wait for every result that has a `then`, as `for await` does.
    return "then" in result ? Promise.resolve(result).then(checkResult) : result;
  }

  /** Asks the source. If the source has ended its own batch meanwhile, close it now: that was impossible while it was being asked. */
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

  /** Asks the source, unless the reader was closed meanwhile. */
  async #nextLater(): Promise<SourceResult> {
    return this.#isClosed ? END : await checkResult(this.#next());
  }

  /**
   * Closes the source.
   *
   * @returns Resolves when the source is closed.
   * @throws {unknown} Rejects with an error that the source throws when it is closed.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#iterator?.return?.();
  }

  /** Closes the source without waiting for its end; an error of the source does not matter any more. */
  closeUnheard(): void {
    this.#isClosed = true;
    if (!this.#isInside) ignoreFailure(() => this.#iterator?.return?.());
  }
}

/** Whether a source is an array whose iterator yields its members in order, so that a batch may read them by index. */
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

/** Calls a function that may fail, without waiting for its end. */
function ignoreFailure(close: () => unknown): void {
  new Promise((resolve) => resolve(close())).catch(() => {});
}

/**
 * What an attempt counts in.
 *
 * @module
 */

import type { LimitBook } from "./limit_book.ts";

/** Whose limits an attempt counts in. */
export interface LimitOwner {
  /** What the origin has said of them. */
  book: LimitBook | undefined;
}

/** The owner of the limits of a key. */
export interface KeyOwner extends LimitOwner {
  /** How many have been sent, and were not answered yet. */
  open: number;
}

/**
 * The entry of an attempt in the books of learnt limits: from when it is sent until its response comes, it is unknown when the origin
 * has counted it.
 */
export class Receipt {
  /** How many attempts its origin had seen when it was sent, this one included. */
  readonly number: number;
  /** The line of its key. */
  readonly line: KeyOwner | undefined;
  readonly #book: LimitBook | undefined;
  readonly #keyBook: LimitBook | undefined;
  #isOpen = true;

  /**
   * Enters an attempt that is about to be sent.
   *
   * @param lane Where it goes, and how many have gone there with it.
   * @param line The line of its key, if it has one.
   * @param nowMs The time on the client's clock.
   */
  constructor(lane: LimitOwner & { readonly attempts: number }, line: KeyOwner | undefined, nowMs: number) {
    this.number = lane.attempts;
    this.line = line;
    this.#book = lane.book;
    this.#keyBook = line?.book;
    this.#book?.noteSent(nowMs);
    this.#keyBook?.noteSent(nowMs);
    if (line !== undefined) line.open++;
  }

  /** Whether the attempt counts in a book. */
  isIn(book: LimitBook): boolean {
    return book === this.#book || book === this.#keyBook;
  }

  /** The response has come, or never will; only the first call does anything. */
  close(nowMs: number): void {
    if (!this.#end()) return;
    this.#book?.noteAnswered(nowMs);
    this.#keyBook?.noteAnswered(nowMs);
  }

  /** The attempt was not sent after all; only the first call does anything. */
  cancel(): void {
    if (!this.#end()) return;
    this.#book?.noteUnsent();
    this.#keyBook?.noteUnsent();
  }

  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    if (this.line !== undefined) this.line.open--;
    return true;
  }
}

/**
 * The receipt of an attempt under stated limits.
 *
 * @module
 */

import type { LimitBook } from "./limit_book.ts";

/** An owner of limits: a lane, or the line of a limit key. */
export interface LimitOwner {
  /** The limits that the origin has stated. */
  book: LimitBook | undefined;
}

/** The owner of the limits of a limit key. */
export interface KeyOwner extends LimitOwner {
  /** How many attempts have been sent and not answered. */
  open: number;
}

/**
 * The entry of an attempt in the books of learnt limits, from when it is sent until its response comes. In between, it is unknown
 * when the origin counts it.
 */
export class Receipt {
  /** The number of the attempt at its origin, counted from 1. */
  readonly number: number;
  /** The line of the request's limit key. */
  readonly line: KeyOwner | undefined;
  readonly #book: LimitBook | undefined;
  readonly #keyBook: LimitBook | undefined;
  #isOpen = true;

  /**
   * Enters an attempt that is about to be sent.
   *
   * @param lane The lane of the attempt, with the number of its attempts so far, this one included.
   * @param line The line of the request's limit key, if it has one.
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

  /** Closes the entry, because the response has come or never will; only the first call does anything. */
  close(nowMs: number): void {
    if (!this.#end()) return;
    this.#book?.noteAnswered(nowMs);
    this.#keyBook?.noteAnswered(nowMs);
  }

  /** Cancels the entry, because the attempt was not sent after all; only the first call does anything. */
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

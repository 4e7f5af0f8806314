/**
 * Where the items of a stream come from: the lines of a body, events, pages.
 *
 * @module
 */

/** Gives items in portions. Nothing starts before the first one is asked for. */
export interface ItemSource<T> {
  /**
   * The next portion; one call at a time.
   *
   * @returns At least one item; `undefined` after the last one. Rejects after all items that came before the failure.
   */
  read(): Promise<readonly T[] | undefined>;
  /** Releases everything; a `read()` in flight ends. Does nothing when it has ended. */
  close(): void;
}

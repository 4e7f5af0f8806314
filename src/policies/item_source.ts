/**
 * The source of the items of a stream: the lines of a body, events, pages.
 *
 * @module
 */

/** Returns items in portions. Starts nothing before the first portion is read. */
export interface ItemSource<T> {
  /**
   * Returns the next portion; one call at a time.
   *
   * @returns At least one item; `undefined` after the last one. Rejects after all items that came before the failure.
   */
  read(): Promise<readonly T[] | undefined>;
  /** Releases all resources and ends a `read()` in flight. Does nothing if the source has ended. */
  close(): void;
}

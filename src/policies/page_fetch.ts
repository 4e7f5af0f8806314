/**
 * The options of one page in a list of pages.
 *
 * @module
 */

import type { CallSink } from "./call.ts";

/** The options of fetching a page. */
export interface PageFetch {
  /** The receiver of the page. */
  readonly sink: CallSink;
  readonly signal: AbortSignal;
  /** Whether the page is at another origin than the first page. */
  readonly isForeign: boolean;
  /** Whether the URL is complete, so that no query parameters are added. */
  readonly isWhole: boolean;
  /** Lower-case names of the headers that the page gets even at a foreign origin. */
  readonly ownHeaders: readonly string[];
}

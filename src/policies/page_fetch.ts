/**
 * How one page of a list is fetched.
 *
 * @module
 */

import type { CallSink } from "./call.ts";

/** How a page is fetched. */
export interface PageFetch {
  /** What gets it. */
  readonly sink: CallSink;
  readonly signal: AbortSignal;
  /** Whether it is of an origin that the first page was not asked of. */
  readonly isForeign: boolean;
  /** Whether its URL says all, so that no parameters are added. */
  readonly isWhole: boolean;
  /** Names of the headers that are meant for it all the same, in lower case. */
  readonly ownHeaders: readonly string[];
}

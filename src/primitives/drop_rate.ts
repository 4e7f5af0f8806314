/**
 * How an adaptive limit follows from drops.
 *
 * @module
 */

import type { WindowStats } from "./sample_window.ts";

/** A share of drops up to this counts as chance. */
const CHANCE = 0.02;
/** The factor by which drops may exceed the usual share, since drops come by chance. */
const SPREAD = 1.5;
/** A limit must fall to this share of what it was before a comparison of the drops at both limits tells anything. */
const TELLING = 0.8;
/** If less than this share of the drops is left at the lower limit, the limit was their reason; otherwise the difference may be chance. */
const REMAINDER = 1 / 3;
/** The largest share of drops that may count as usual. */
const MOST_USUAL = 0.3;
/** How fast the usual share falls in a window with fewer drops: by this share of the difference. */
const FORGETTING = 0.05;

/** Distinguishes drops that come from too high a limit from drops that come at any limit. */
export class DropRate {
  /** The usual share of drops, which comes at any limit. */
  #usual = 0;
  /** The limit, and the share of drops, when the limit began to fall. */
  #fellFrom: { readonly limit: number; readonly share: number } | undefined;

  /** Returns whether a window has more drops than usual. One drop alone never counts as an overload. */
  isOverload(limit: number, { drops, count }: WindowStats): boolean {
    const share = drops / count;
    if (drops > 1 && share > CHANCE + SPREAD * this.#usual) return true;
    if (this.#fellFrom !== undefined && limit >= this.#fellFrom.limit) this.#fellFrom = undefined;
    if (share < this.#usual) this.#usual += FORGETTING * (share - this.#usual);
    return false;
  }

  /**
   * Tests whether a lower limit has made drops fewer; called when drops have lowered the limit, or are about to. If drops have
   * not become fewer, the limit was not too high, and their share counts as usual from now on.
   *
   * @returns The limit before its fall, to restore it, if the fall did not help; otherwise `undefined`.
   */
  testFall(limit: number, { drops, count }: WindowStats): number | undefined {
    const share = drops / count;
    let from = this.#fellFrom;
    // Drops in an outage, or at a limit that was much too high, are no measure of the usual share.
    const isOver = from !== undefined && from.share > MOST_USUAL && share <= MOST_USUAL;
    if (from === undefined || limit > from.limit || isOver) from = this.#fellFrom = { limit, share };
    const most = Math.max(share, from.share);
    if (limit > TELLING * from.limit || share < REMAINDER * from.share || most > MOST_USUAL) return undefined;
    this.#fellFrom = undefined;
    this.#usual = (share + from.share) / 2;
    return from.limit;
  }
}

/**
 * What drops say of a limit.
 *
 * @module
 */

import type { WindowStats } from "./sample_window.ts";

/** A share of drops up to this is chance. */
const CHANCE = 0.02;
/** How much more than usual they may be, since they come by chance. */
const SPREAD = 1.5;
/** So much of a limit must be gone before the drops under both tell anything. */
const TELLING = 0.8;
/** What is left of the drops where they do not come from the limit, at least: they come by chance. */
const REMAINDER = 1 / 3;
/** A larger share of drops is never usual. */
const MOST_USUAL = 0.3;
/** How much of what is usual is forgotten in a window that has less. */
const FORGETTING = 0.05;

/** Tells drops that come from a limit that is too high from those that come whatever the limit is. */
export class DropRate {
  /** The share of drops that no limit changes. */
  #usual = 0;
  /** Where the limit began to fall, and the share of drops there. */
  #fellFrom: { readonly limit: number; readonly share: number } | undefined;

  /** Whether a window has more drops than usual. One drop alone never tells anything. */
  isOverload(limit: number, { drops, count }: WindowStats): boolean {
    const share = drops / count;
    if (drops > 1 && share > CHANCE + SPREAD * this.#usual) return true;
    if (this.#fellFrom !== undefined && limit >= this.#fellFrom.limit) this.#fellFrom = undefined;
    if (share < this.#usual) this.#usual += FORGETTING * (share - this.#usual);
    return false;
  }

  /**
   * The limit has been lowered because of drops, or is about to be: if they have not become fewer, it was not too high.
   *
   * @returns The limit before it was lowered, if it does not help.
   */
  testFall(limit: number, { drops, count }: WindowStats): number | undefined {
    const share = drops / count;
    let from = this.#fellFrom;
    // What was dropped in an outage, or while the limit was much too high, is no measure of what is usual.
    const isOver = from !== undefined && from.share > MOST_USUAL && share <= MOST_USUAL;
    if (from === undefined || limit > from.limit || isOver) from = this.#fellFrom = { limit, share };
    const most = Math.max(share, from.share);
    if (limit > TELLING * from.limit || share < REMAINDER * from.share || most > MOST_USUAL) return undefined;
    this.#fellFrom = undefined;
    this.#usual = (share + from.share) / 2;
    return from.limit;
  }
}

/**
 * Whose turn it is.
 *
 * @module
 */

import { LinkedQueue } from "../primitives/linked_queue.ts";
import type { Claimant } from "./claimant.ts";
import type { Lane } from "./lane.ts";

/**
 * So often in a row the highest priority goes first. The next turn is that of the one that has waited for the longest time, so that each
 * gets one turn in sixteen at least, and none starves.
 */
export const MOST_FAVOURS = 15;

/** The round of what could use a permit: lanes in which a request could go if there was one, and batches that could pull. */
export class Turns extends LinkedQueue<Claimant> {
  /** Whether priorities matter: a request had one. */
  hasPriorities = false;
  /** Lanes that hold permits. */
  busyLanes = 0;
  /** How often in a row a higher priority has decided. */
  #favours = 0;

  /** Lets a claimant take part. */
  join(claimant: Claimant): void {
    if (claimant.isClaiming) return;
    claimant.isClaiming = true;
    this.push(claimant);
    if (claimant.claimPriority !== 0) this.hasPriorities = true;
  }

  /** Takes a claimant out. */
  quit(claimant: Claimant): void {
    if (!claimant.isClaiming) return;
    claimant.isClaiming = false;
    this.remove(claimant);
  }

  /** How many of all permits a lane may hold before others come first. */
  shareOf(lane: Lane, permits: number): number {
    const lanes = lane.inFlight === 0 ? this.busyLanes + 1 : this.busyLanes;
    return Math.ceil(permits / lanes);
  }

  /**
   * What claims next, of one at least; it comes last afterwards. The priority decides, but for every 16th time. With the same
   * priority, lanes come first that hold no more than their share, the one with the fewest permits before the others; then batches, which
   * may pull requests for other lanes; then lanes that hold more. If lanes merely took turns, a slow origin would hold nearly all permits.
   *
   * @param permits How many there are in all.
   */
  next(permits: number): Claimant {
    let best = this.head!;
    let bestRank = this.#rank(best, permits);
    let differ = false;
    for (let other = best.next; other !== undefined; other = other.next) {
      const rank = this.#rank(other, permits);
      const isHigher = this.hasPriorities && other.claimPriority !== best.claimPriority;
      if (isHigher) differ = true;
      if (isHigher ? other.claimPriority > best.claimPriority : rank < bestRank) {
        best = other;
        bestRank = rank;
      }
    }
    if (differ && ++this.#favours > MOST_FAVOURS) {
      this.#favours = 0;
      best = this.head!;
    }
    this.remove(best);
    this.push(best);
    return best;
  }

  #rank({ permits }: Claimant, all: number): number {
    if (permits === undefined) return all;
    const lanes = permits === 0 ? this.busyLanes + 1 : Math.max(1, this.busyLanes);
    return permits < all / lanes ? permits : all + permits;
  }
}

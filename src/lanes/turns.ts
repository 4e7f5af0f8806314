/**
 * The round of claimants: whose turn it is to get a permit.
 *
 * @module
 */

import { LinkedQueue } from "../primitives/linked_queue.ts";
import type { Claimant } from "./claimant.ts";
import type { Lane } from "./lane.ts";

/**
 * How often in a row the highest priority goes first, or a lane before a batch. The next turn goes to the claimant that has
 * waited longest, so that none starves: neither a low priority, nor a batch beside lanes whose lines never end.
 */
export const MOST_FAVOURS = 15;

/** The claimants that could use a permit: lanes with a request that could go, batches that could pull, and second attempts. */
export class Turns extends LinkedQueue<Claimant> {
  /** Whether priorities matter, because a request has had one. */
  hasPriorities = false;
  /** How many lanes hold permits. */
  busyLanes = 0;
  /** How many claimants are no batches. */
  #others = 0;
  /** How often a claimant has gone before others of a lower priority, or a lane before batches, since the last turn by age. */
  #favours = 0;
  /** The same before the last turn. */
  #favoursBefore = 0;

  /** Adds a claimant to the round. */
  join(claimant: Claimant): void {
    if (claimant.isClaiming) return;
    claimant.isClaiming = true;
    if (claimant.allowance === undefined) this.#others++;
    this.push(claimant);
    if (claimant.claimPriority !== 0) this.hasPriorities = true;
  }

  /** Removes a claimant from the round. */
  quit(claimant: Claimant): void {
    if (!claimant.isClaiming) return;
    claimant.isClaiming = false;
    if (claimant.allowance === undefined) this.#others--;
    this.remove(claimant);
  }

  /** Returns how many of all permits a lane may hold before others come first. */
  shareOf(lane: Lane, permits: number): number {
    const lanes = lane.inFlight === 0 ? this.busyLanes + 1 : this.busyLanes;
    return Math.ceil(permits / lanes);
  }

  /**
   * Returns the next claimant, which must become the last one when it has used its turn; there must be one at least. The priority
   * decides. With equal priorities, lanes come first that hold no more than their share, fewest permits first; then batches,
   * which may pull requests for other lanes; then lanes that hold more. If lanes merely took turns, a slow origin would hold
   * nearly all permits. In place of each 16th claimant that would go before one of a lower priority, or as a lane before a batch,
   * the claimant goes that has waited longest.
   *
   * @param permits How many permits there are in all.
   */
  next(permits: number): Claimant {
    let best = this.head!;
    let bestRank = this.#rank(best, permits);
    let bestPriority = best.claimPriority;
    let differ = false;
    // Without priorities, stop at the first claimant of the least rank, or many origins or batches would take quadratic time.
    const leastRank = this.#others === 0 ? permits : 0;
    for (let other = best.next; other !== undefined; other = other.next) {
      if (bestRank <= leastRank && !this.hasPriorities) break;
      const rank = this.#rank(other, permits);
      const priority = this.hasPriorities ? other.claimPriority : bestPriority;
      if (priority !== bestPriority) differ = true;
      if (priority === bestPriority ? rank < bestRank : priority > bestPriority) {
        best = other;
        bestRank = rank;
        bestPriority = priority;
      }
    }
    const isBeforeBatch = best.allowance === undefined && this.size > this.#others;
    this.#favoursBefore = this.#favours;
    if ((differ || isBeforeBatch) && ++this.#favours > MOST_FAVOURS) {
      this.#favours = 0;
      best = this.head!;
    }
    return best;
  }

  /** Takes the last turn back, because the claimant could not use it and keeps its place: there was no token. */
  takeBack(): void {
    this.#favours = this.#favoursBefore;
  }

  #rank({ permits }: Claimant, all: number): number {
    if (permits === undefined) return all;
    const lanes = permits === 0 ? this.busyLanes + 1 : Math.max(1, this.busyLanes);
    return permits < all / lanes ? permits : all + permits;
  }
}

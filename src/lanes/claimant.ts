/**
 * The claimants, which take turns at a client's permits.
 *
 * @module
 */

import type { LinkedItem } from "../primitives/linked_queue.ts";

/** A request that its owner runs by itself when it has been admitted. */
export interface Runnable {
  /** Runs the request, which has a permit and everything else that it needs. */
  run(): void;
}

/** A lane with waiting requests, a batch that could pull another request, or a slow attempt that could be hedged. */
export interface Claimant extends LinkedItem<Claimant> {
  /** Whether the claimant is in the round of those that want a permit. Only the scheduler writes it. */
  isClaiming: boolean;
  /**
   * How many permits the claimant holds, which orders the round. `undefined` for a batch, which may pull requests for any lane,
   * and for a second attempt that must come no sooner than batches.
   */
  readonly permits: number | undefined;
  /** The limits of the claimant's requests, if it is a batch. */
  readonly allowance?: object | undefined;
  /** The priority of its next request. */
  readonly claimPriority: number;
  /**
   * Admits its next request, with the permit that the scheduler has in hand.
   *
   * @param nowMs The time on the client's clock.
   * @returns An admitted request that the scheduler must run; `undefined` if there is none, or it runs already.
   */
  claim(nowMs: number): Runnable | undefined;
}

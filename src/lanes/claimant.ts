/**
 * What takes turns at a client's permits.
 *
 * @module
 */

import type { LinkedItem } from "../primitives/linked_queue.ts";

/** A request that its owner runs by itself when it has been admitted. */
export interface Runnable {
  /** Begins. It has a permit, and everything else that it needs. */
  run(): void;
}

/** A lane with requests that wait, a batch that could pull another one, or an attempt that is slow. */
export interface Claimant extends LinkedItem<Claimant> {
  /** Whether it is in the round of those that want a permit. Only the scheduler writes it. */
  isClaiming: boolean;
  /** How many permits it holds; `undefined` for a batch, which may pull requests for any lane, and what comes no sooner than that. */
  readonly permits: number | undefined;
  /** What its requests share, if it is a batch. */
  readonly allowance?: object | undefined;
  /** The priority of what it would have admitted next. */
  readonly claimPriority: number;
  /**
   * Has its next request admitted, with the permit that the scheduler has in hand.
   *
   * @param nowMs The time on the client's clock.
   * @returns A request that has been admitted and must be run; `undefined` when none was, or it runs already.
   */
  claim(nowMs: number): Runnable | undefined;
}

/**
 * The admission of second attempts, which go beside one in flight.
 *
 * @module
 */

import type { Admission } from "./admission.ts";
import type { Claimant } from "./claimant.ts";
import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import type { PermitRound } from "./permit_round.ts";

/** The scheduler, as far as second attempts use it. */
export interface SecondAttemptOwner {
  readonly round: PermitRound;
  /** Returns the time on the client's clock. */
  now(): number;
  /** Admits a request that has to wait for nothing. */
  admitNow(errand: Errand, lane: Lane, nowMs: number): Admission | undefined;
}

/**
 * Admits second attempts that have to wait for nothing. None of them is a probe, and none takes a place in a batch that has
 * enough in flight.
 */
export class SecondAttempts {
  readonly #owner: SecondAttemptOwner;
  readonly #timersBelongToRequests: boolean;

  /** Creates the admission of second attempts to a scheduler. */
  constructor(owner: SecondAttemptOwner, timersBelongToRequests: boolean) {
    this.#owner = owner;
    this.#timersBelongToRequests = timersBelongToRequests;
  }

  /**
   * Admits a second attempt that takes nothing that a request in line waits for.
   *
   * @param errand The request.
   * @param lane The lane of the second attempt.
   * @returns The admission; `undefined` if it is not admitted now.
   */
  tryAdmit(errand: Errand, lane: Lane): Admission | undefined {
    const { allowance } = errand;
    if (allowance !== undefined && allowance.active >= allowance.concurrency) return undefined;
    if (!this.#owner.round.isAtRest || lane.queued > 0) return undefined;
    return this.#admit(errand, lane, this.#owner.now());
  }

  /**
   * Admits a second attempt with the permit in hand, before requests in line, which are younger; otherwise does the same as
   * {@linkcode SecondAttempts.tryAdmit}.
   *
   * @param errand The request.
   * @param lane The lane of the second attempt.
   * @param claimant The claimant of the second attempt. It claims again when its batch or the lane has room.
   * @param nowMs The time on the client's clock.
   */
  tryAdmitInTurn(errand: Errand, lane: Lane, claimant: Claimant, nowMs: number): Admission | undefined {
    const { allowance } = errand;
    if (allowance !== undefined && allowance.active >= allowance.concurrency) {
      allowance.refuse(claimant);
      return undefined;
    }
    if (lane.inFlight < lane.limit.current) return this.#admit(errand, lane, nowMs);
    if (!lane.refused.includes(claimant)) lane.refused.push(claimant);
  }

  #admit(errand: Errand, lane: Lane, nowMs: number): Admission | undefined {
    const { allowance } = errand;
    const admission = lane.isDown ? undefined : this.#owner.admitNow(errand, lane, nowMs);
    if (admission === undefined) return undefined;
    admission.place = allowance;
    allowance?.takePlace();
    return admission;
  }

  /**
   * Returns how many permits a second attempt counts as holding when it claims. It comes just before the requests in line of its
   * lane, and no later than batches.
   */
  permitsOf(lane: Lane): number | undefined {
    const { turns, capacity } = this.#owner.round;
    const isOverShare = turns.busyLanes > 1 && lane.inFlight >= turns.shareOf(lane, capacity);
    return isOverShare ? undefined : Math.max(0, lane.inFlight - 1);
  }

  /**
   * Lets a claimant of second attempts take part in the round. Not in a worker at the edge, where another incoming request can't
   * send them.
   */
  awaitTurn(claimant: Claimant): void {
    if (this.#timersBelongToRequests) return;
    this.#owner.round.join(claimant);
    this.#owner.round.dispatch();
  }
}

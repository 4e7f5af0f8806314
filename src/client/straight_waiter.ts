/**
 * A plain request in line, before it goes the straight way.
 *
 * @module
 */

import type { Runnable } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import { Waiter } from "../lanes/waiter.ts";
import type { Call, Pending } from "../policies/call.ts";

/** Looks after a call that does not go from its line to the straight way. */
export interface LineOwner {
  readonly scheduler: Scheduler;
  /** Brings a call to its end on the general way. */
  follow(call: Call): void;
  /** Answers all callers that wait for a call with an error. */
  fail(call: Call, error: unknown): void;
}

/** A plain call in line. */
export class StraightWaiter extends Waiter<Lane> implements Pending {
  declare readonly errand: Call;
  readonly #owner: LineOwner;

  /** Makes a call wait for this turn, which is not in line yet. */
  constructor(call: Call, { alone }: Lane, owner: LineOwner) {
    super(call, alone, false);
    this.#owner = owner;
    call.pending = this;
  }

  onAdmitted(lane: Lane, ticket: number): Runnable | undefined {
    const call = this.errand;
    call.pending = undefined;
    call.ticket = ticket;
    if (lane.breaker === undefined || lane.breaker.state === "closed") return call;
    this.#probe(call, lane, ticket);
    return undefined;
  }

  /** Hands a call that goes as a probe to the general way. */
  #probe(call: Call, lane: Lane, ticket: number): void {
    const { scheduler } = this.#owner;
    call.journey.granted = scheduler.toAdmission(call, lane, ticket, scheduler.now());
    this.#owner.follow(call);
  }

  onRefused(error: Error): void {
    this.errand.pending = undefined;
    this.#owner.fail(this.errand, error);
  }

  cancel(): void {
    this.#owner.scheduler.leave(this);
  }
}

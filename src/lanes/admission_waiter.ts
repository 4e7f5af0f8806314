/**
 * A request that goes on by itself when it has been admitted.
 *
 * @module
 */

import { deferredAcrossRequests } from "../primitives/deferred.ts";
import type { Admission } from "./admission.ts";
import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { Waiter } from "./waiter.ts";

/** Where requests wait. */
export interface WaitingRoom {
  /** The time on the client's clock. */
  now(): number;
  /** What an admitted request gets. */
  toAdmission(errand: Errand, lane: Lane, ticket: number, nowMs: number): Admission;
  /** Takes a request out of line. */
  leave(waiter: Waiter<Lane>): void;
}

/** What a request that waits is told when there are other lanes for it: to get in line once more. */
export const LOOK_AGAIN: unknown = Symbol("There are other lanes");

/** Waits for one of several lanes, which may become others. */
export interface LooksAgain {
  /** Leaves the line, because of other lanes that would do. */
  lookAgain(): void;
}

/** Waits for an admission as for a promise. */
export class AdmissionWaiter extends Waiter<Lane> implements LooksAgain {
  /** The admission; rejects when it is of no use to wait any longer. */
  readonly admission: Promise<Admission>;
  readonly #room: WaitingRoom;
  readonly #resolve: (admission: Admission) => void;
  readonly #reject: (reason: unknown) => void;
  /** What it was admitted with. */
  #admission: Admission | undefined = undefined;

  /** Creates a waiter, which is not in line yet. */
  constructor(
    room: WaitingRoom,
    errand: Errand,
    lanes: readonly Lane[],
    isUrgent: boolean,
  ) {
    super(errand, lanes, isUrgent);
    const { promise, resolve, reject } = deferredAcrossRequests<Admission>();
    this.admission = promise;
    this.#room = room;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onAdmitted(lane: Lane, ticket: number): undefined {
    this.#admission = this.#room.toAdmission(this.errand, lane, ticket, this.#room.now());
    this.#resolve(this.#admission);
  }

  onRefused(error: Error): void {
    this.#reject(error);
  }

  /** Leaves the line, and rejects with {@linkcode LOOK_AGAIN}; one that has been admitted stays so. */
  lookAgain(): void {
    this.#leave(LOOK_AGAIN);
  }

  /** Leaves the line: its admission is not wanted any more. One that has been admitted already gives it back, if it ever goes on. */
  cancel(reason: unknown): void {
    this.#leave(reason);
    const admission = this.#admission;
    if (admission !== undefined && admission.expiresAtMs < Infinity) admission.withdraw();
  }

  #leave(reason: unknown): void {
    this.#room.leave(this);
    this.#reject(reason);
  }
}

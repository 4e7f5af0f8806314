/**
 * A request in line that goes on by itself when it has been admitted.
 *
 * @module
 */

import { deferredAcrossRequests } from "../primitives/deferred.ts";
import type { Admission } from "./admission.ts";
import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { Waiter } from "./waiter.ts";

/** The scheduler, as far as waiters use it. */
export interface WaitingRoom {
  /** Returns the time on the client's clock. */
  now(): number;
  /** Creates the admission of an admitted request. */
  toAdmission(errand: Errand, lane: Lane, ticket: number, nowMs: number): Admission;
  /** Takes a request out of line. */
  leave(waiter: Waiter<Lane>): void;
}

/** The rejection of a waiting request whose lanes have changed, so that it gets in line again. */
export const LOOK_AGAIN: unknown = Symbol("There are other lanes");

/** A waiter for one of several lanes, which may change. */
export interface LooksAgain {
  /** Leaves the line, because other lanes will do now. */
  lookAgain(): void;
}

/** A waiter whose admission is a promise. */
export class AdmissionWaiter extends Waiter<Lane> implements LooksAgain {
  /** The admission; rejects when the request must not wait any longer. */
  readonly admission: Promise<Admission>;
  readonly #room: WaitingRoom;
  readonly #resolve: (admission: Admission) => void;
  readonly #reject: (reason: unknown) => void;
  /** The admission, once the request has been admitted. */
  #admission: Admission | undefined = undefined;

  /** Creates a waiter that is not in line yet. */
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

  /** Leaves the line, and rejects with {@linkcode LOOK_AGAIN}. An admission that the request already has stays valid. */
  lookAgain(): void {
    this.#leave(LOOK_AGAIN);
  }

  /**
   * Leaves the line, because the request was cancelled. An admitted request gives its admission back when it resumes. On runtimes
   * where it may never resume, gives it back here.
   */
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

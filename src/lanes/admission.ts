/**
 * The admission of a request: its right to be sent.
 *
 * @module
 */

import type { CircuitResult } from "../primitives/circuit_breaker.ts";
import type { Allowance } from "./allowance.ts";
import type { AttemptReports } from "./attempt_reports.ts";
import type { Lane } from "./lane.ts";
import type { Receipt } from "./receipt.ts";

/** The scheduler, as far as admissions use it. */
export interface AdmissionOwner {
  /** Takes the reports of what became of attempts. */
  readonly reports: Pick<AttemptReports, "judge" | "sample">;
  /** Takes the permit of an attempt back. */
  release(lane: Lane, admission?: Admission): void;
}

/**
 * A permit, a token and the breaker's ticket, given together and settled together: the verdict once, as soon as it is known, and
 * the permit once, when nothing is on the wire any more.
 */
export class Admission {
  readonly lane: Lane;
  readonly #owner: AdmissionOwner;
  readonly #ticket: number;
  /** When the request was admitted, on the client's clock. */
  readonly startedAtMs: number;
  /** When the lease of the permit expires, on the client's clock, on runtimes where an attempt may never end. */
  expiresAtMs: number = Infinity;
  /** The receipt of the attempt, under limits that the origin has stated. */
  readonly receipt: Receipt | undefined;
  /** Whether the request has failed late before. Only the scheduler writes it. */
  isCostly = false;
  /** The batch in which a second attempt takes a place; `undefined` for a first one. */
  place: Allowance | undefined = undefined;
  /** Whether the request is a probe, which finds out whether its origin is back. */
  readonly isProbe: boolean;
  #isJudged = false;
  #isSampled = false;
  #isReleased = false;

  /**
   * Creates an admission; for the scheduler, or for a request that was admitted on the straight way.
   *
   * @param owner The scheduler that has admitted the request.
   * @param lane The lane that the request goes to.
   * @param ticket The ticket of the lane's breaker.
   * @param startedAtMs When the request was admitted, on the client's clock.
   * @param receipt The receipt of the attempt.
   */
  constructor(
    owner: AdmissionOwner,
    lane: Lane,
    ticket: number,
    startedAtMs: number,
    receipt?: Receipt,
  ) {
    this.#owner = owner;
    this.lane = lane;
    this.#ticket = ticket;
    this.startedAtMs = startedAtMs;
    this.receipt = receipt;
    this.isProbe = lane.breaker !== undefined && lane.breaker.state === "half-open";
  }

  /** Reports the verdict of the attempt on its origin; only the first verdict counts. `"ignored"` says nothing. */
  judge(result: CircuitResult): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#owner.reports.judge(this.lane, this.#ticket, result, this.startedAtMs);
  }

  /**
   * Reports to the adaptive limits that the attempt has succeeded, or was dropped under too much load; only the first report
   * counts.
   */
  sample(isDropped: boolean): void {
    if (this.#isSampled || this.#isReleased) return;
    this.#isSampled = true;
    this.#owner.reports.sample(this.lane, this.startedAtMs, isDropped);
  }

  /** Gives the permit back; only the first call does anything. Without an earlier verdict, the verdict is `"ignored"`. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.judge("ignored");
    this.#owner.release(this.lane, this);
  }

  /** Gives the permit of a request back that was never sent, so that it does not count as an attempt. */
  withdraw(): void {
    if (!this.#isReleased) {
      this.lane.attempts--;
      this.receipt?.cancel();
    }
    this.release();
  }
}

/**
 * What a request gets when it may be sent.
 *
 * @module
 */

import type { CircuitResult } from "../primitives/circuit_breaker.ts";
import type { Allowance } from "./allowance.ts";
import type { AttemptReports } from "./attempt_reports.ts";
import type { Lane } from "./lane.ts";
import type { Receipt } from "./receipt.ts";

/** What admits requests, and takes back what they were given. */
export interface AdmissionOffice {
  /** Hears what becomes of attempts. */
  readonly reports: Pick<AttemptReports, "judge" | "sample">;
  /** Takes the permit of an attempt back. */
  release(lane: Lane, admission?: Admission): void;
}

/**
 * A permit, a token and the breaker's word, given together and settled together: the verdict once, as soon as it is known, and
 * the permit once, when nothing is on the wire any more.
 */
export class Admission {
  readonly lane: Lane;
  readonly #office: AdmissionOffice;
  readonly #ticket: number;
  /** When, on the client's clock. */
  readonly startedAtMs: number;
  /** When it is given back whatever becomes of the attempt, where that may never end; on the client's clock. */
  expiresAtMs: number = Infinity;
  /** What the attempt counts in. */
  readonly receipt: Receipt | undefined;
  /** Whether its request has failed late before. Only the scheduler writes it. */
  isCostly = false;
  /** Of a second attempt, the batch in which it takes a place. */
  place: Allowance | undefined = undefined;
  /** Whether the request goes ahead to find out whether its origin is back. */
  readonly isProbe: boolean;
  #isJudged = false;
  #isSampled = false;
  #isReleased = false;

  /**
   * Made by the scheduler, or for a request that was admitted on the straight way.
   *
   * @param office What has admitted the request.
   * @param lane The lane that it goes to.
   * @param ticket What the lane's breaker said.
   * @param startedAtMs When, on the client's clock.
   * @param receipt What the attempt counts in.
   */
  constructor(
    office: AdmissionOffice,
    lane: Lane,
    ticket: number,
    startedAtMs: number,
    receipt?: Receipt,
  ) {
    this.#office = office;
    this.lane = lane;
    this.#ticket = ticket;
    this.startedAtMs = startedAtMs;
    this.receipt = receipt;
    this.isProbe = lane.breaker !== undefined && lane.breaker.state === "half-open";
  }

  /** Says what the attempt tells of its origin; only the first word counts. `"ignored"` tells nothing. */
  judge(result: CircuitResult): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#office.reports.judge(this.lane, this.#ticket, result, this.startedAtMs);
  }

  /** Says that the attempt has brought what it should, or was dropped because of too much load; only the first word counts. */
  sample(isDropped: boolean): void {
    if (this.#isSampled || this.#isReleased) return;
    this.#isSampled = true;
    this.#office.reports.sample(this.lane, this.startedAtMs, isDropped);
  }

  /** Gives the permit back; only the first call does anything. What was not judged is ignored. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.judge("ignored");
    this.#office.release(this.lane, this);
  }

  /** Gives the permit back of what was never sent, which is no attempt. */
  withdraw(): void {
    if (!this.#isReleased) {
      this.lane.attempts--;
      this.receipt?.cancel();
    }
    this.release();
  }
}

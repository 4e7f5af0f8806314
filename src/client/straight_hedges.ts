/**
 * Second attempts for requests on the straight way.
 *
 * @module
 */

import type { Admission } from "../lanes/admission.ts";
import type { Claimant } from "../lanes/claimant.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Call } from "../policies/call.ts";
import type { Hedger } from "../policies/hedger.ts";
import { mayBeHedged } from "../policies/hedging.ts";
import type { Environment } from "../policies/policy.ts";
import { LOST_AFTER_MS } from "../primitives/clock.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";

/** The shortest time between two scans, in milliseconds: timers are no finer. */
const SCAN_MS = 1;

/** Hands attempts over. */
export interface HedgedWay {
  /**
   * Gives an attempt to the general way, which sends another one beside it.
   *
   * @param call The call of the attempt.
   * @param answer Settles with the result of the attempt.
   * @param rival The admission of the second attempt.
   */
  handOver(call: Call, answer: Promise<Response>, rival: Admission): void;
}

/** The functions that settle the promise of a handed-over attempt. */
interface Taker {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Watches the attempts of the straight way that have brought no headers yet, with one deadline for all. When an attempt is slow
 * and the scheduler admits a second one beside it, the call moves to the general way.
 */
export class StraightHedges implements DeadlineTarget {
  readonly #hedger: Hedger;
  readonly #environment: Environment;
  readonly #way: HedgedWay;
  /** When each attempt becomes slow, on the client's clock; oldest first, except for attempts that were slow before. */
  readonly #watched = new Map<Call, number>();
  /** The attempts that were handed over, and have brought nothing yet. */
  readonly #takers = new Map<Call, Taker>();
  /** The slow attempts beside which no second one could be admitted yet. */
  readonly #due = new Map<Call, SlowAttempt>();
  #scanAtMs = Infinity;
  #scan: Deadline | undefined;

  /** Creates a watch without attempts. */
  constructor(hedger: Hedger, environment: Environment, way: HedgedWay) {
    this.#hedger = hedger;
    this.#environment = environment;
    this.#way = way;
  }

  /** Begins to watch an attempt that is being sent. */
  begin(call: Call, nowMs: number): void {
    if (!mayBeHedged(call)) return;
    this.#hedger.deposit(nowMs);
    const atMs = nowMs + this.#hedger.delayMs(call.lane!);
    this.#watched.set(call, atMs);
    if (atMs < this.#scanAtMs) this.#scanAt(atMs, nowMs);
    else if (nowMs - this.#scanAtMs > LOST_AFTER_MS) this.#environment.deadlines.rearm?.(nowMs);
  }

  /** Notes that the headers of an attempt have come. */
  answered(call: Call, response: Response): void {
    // A `fetch` may give anything.
    if (!this.end(call) || !this.#hedger.notesLatencies || !(response instanceof Response)) return;
    const nowMs = this.#environment.clock.now();
    this.#hedger.noteAnswer(call.lane!, response.status, nowMs - call.attemptedAtMs, nowMs);
  }

  /** Notes that an attempt has taken longer than it may. */
  timedOut(call: Call, nowMs: number): void {
    if (this.end(call)) this.#hedger.noteLatency(call.lane!, nowMs - call.attemptedAtMs, nowMs);
  }

  /** Ends the watch of an attempt that has brought its headers, or has ended without. @returns Whether it was watched. */
  end(call: Call): boolean {
    if (!this.#watched.delete(call)) return false;
    const due = this.#due.get(call);
    if (due !== undefined) {
      this.#due.delete(call);
      this.#environment.scheduler.round.quit(due);
    }
    if (this.#watched.size === 0) this.#disarm();
    return true;
  }

  /**
   * Passes the result of an attempt to the code that has taken the attempt over.
   *
   * @returns Whether other code has taken it over.
   */
  deliver(call: Call, response: Response | undefined, error: unknown): boolean {
    const taker = this.#takers.get(call);
    if (taker === undefined) return false;
    this.#takers.delete(call);
    if (response === undefined) taker.reject(error);
    else taker.resolve(response);
    return true;
  }

  #disarm(): void {
    if (this.#scan !== undefined) this.#environment.deadlines.remove(this.#scan);
    this.#scan = undefined;
    this.#scanAtMs = Infinity;
  }

  #scanAt(atMs: number, nowMs: number): void {
    this.#disarm();
    this.#scanAtMs = atMs;
    this.#scan = this.#environment.deadlines.add(this, atMs - nowMs, nowMs);
  }

  get isTimeout(): boolean {
    return true;
  }

  /** Looks for attempts that are slow. */
  onDeadline(): void {
    const { clock, scheduler } = this.#environment;
    this.#scan = undefined;
    this.#scanAtMs = Infinity;
    const nowMs = clock.now();
    let nextMs = Infinity;
    for (const [call, atMs] of this.#watched) {
      if (atMs <= nowMs) {
        const rival = this.#hedger.tryEnter(scheduler, call, call.lane!, nowMs);
        if (rival !== undefined) {
          this.#giveAway(call, rival);
          continue;
        }
        this.#stayDue(call);
        this.#watched.set(call, nowMs + this.#hedger.againMs(call.lane!, nowMs - call.attemptedAtMs));
      }
      nextMs = Math.min(nextMs, this.#watched.get(call)!);
    }
    if (nextMs < this.#scanAtMs) this.#scanAt(Math.max(nextMs, nowMs + SCAN_MS), nowMs);
    if (!this.#hedger.hasBudget) return;
    for (const due of [...this.#due.values()]) scheduler.seconds.awaitTurn(due);
  }

  #stayDue(call: Call): void {
    if (this.#due.has(call)) return;
    const { scheduler } = this.#environment;
    this.#due.set(call, new SlowAttempt(call, scheduler, (due, nowMs) => this.#claim(due, nowMs)));
  }

  /** Claims a free permit for a second attempt beside a slow one. */
  #claim(due: SlowAttempt, nowMs: number): void {
    const { scheduler } = this.#environment;
    const { call } = due;
    scheduler.round.quit(due);
    if (this.#due.get(call) !== due) return;
    const rival = this.#hedger.tryEnter(scheduler, call, call.lane!, nowMs, due);
    if (rival === undefined) return;
    this.#due.delete(call);
    // Wait until the scheduler has handed its permits out.
    queueMicrotask(() => {
      if (this.#watched.has(call)) this.#giveAway(call, rival);
      else rival.withdraw();
    });
  }

  #giveAway(call: Call, rival: Admission): void {
    this.end(call);
    const answer = new Promise<Response>((resolve, reject) => this.#takers.set(call, { resolve, reject }));
    // Maybe no caller is left that waits for the answer.
    answer.catch(() => {});
    this.#way.handOver(call, answer, rival);
  }
}

/** A slow attempt, in line for the permit of a second one. */
class SlowAttempt implements Claimant {
  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  readonly call: Call;
  readonly #scheduler: Scheduler;
  readonly #onClaim: (due: SlowAttempt, nowMs: number) => void;

  constructor(call: Call, scheduler: Scheduler, onClaim: (due: SlowAttempt, nowMs: number) => void) {
    this.call = call;
    this.#scheduler = scheduler;
    this.#onClaim = onClaim;
  }

  get claimPriority(): number {
    return this.call.priority;
  }

  get permits(): number | undefined {
    return this.#scheduler.seconds.permitsOf(this.call.lane!);
  }

  claim(nowMs: number): undefined {
    this.#onClaim(this, nowMs);
  }
}

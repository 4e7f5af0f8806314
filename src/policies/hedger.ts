/**
 * The hedging of a client: when a second attempt is sent, and whether.
 *
 * @module
 */

import { verdictOn } from "../http/classify.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Claimant } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Clock } from "../primitives/clock.ts";
import { LatencyWindow, type LatencyWindowOptions } from "../primitives/latency_window.ts";
import { RetryBudget } from "../primitives/retry_budget.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";
import type { HedgeOptions } from "./hedge_options.ts";
import type { Ending, Hedging, RaceField, RaceStart } from "./hedging.ts";
import type { Environment } from "./policy.ts";
import { Race, type RaceRules, type Rival } from "./race.ts";

/** For how long a request counts in the budget of second attempts, in milliseconds. */
const WINDOW_MS = 10_000;
/** How many second attempts are always allowed within that time. */
const FLOOR = 1;

/**
 * The pause before the next try of a second attempt that was not admitted: a share of its delay, within bounds in milliseconds.
 */
const AGAIN = 1 / 4;
const SOONEST_MS = 5;
const LATEST_MS = 100;
/** The pause is at least this share of the first attempt's time so far. */
const AGAIN_ELAPSED = 1 / 20;

/** A percentile needs at least this many samples above it, and this many in all; with fewer it means little. */
const FEW_ABOVE = 2;
const FEW_SAMPLES = 20;

/**
 * The hedging of a client. Decides how long attempts have, from how long others took, and keeps second attempts within their
 * budget.
 *
 * Second attempts follow J. Dean and L. A. Barroso, "The Tail at Scale" (2013): one is sent only when the first has taken longer
 * than most do, so that little is sent twice. The budget keeps that true when everything is slow. A second attempt goes at once
 * if it has to wait for nothing and takes nothing that a request in line waits for. Otherwise it goes with the next permit, or
 * tries again a little later.
 */
export class Hedger implements Hedging<Environment>, RaceRules {
  readonly #afterMs: number;
  readonly #window: LatencyWindowOptions | undefined;
  readonly #budget: RetryBudget;
  /** Whether second attempts go to the next mirror. */
  readonly toNextMirror: boolean;

  /** Creates the hedging of a client that has sent nothing; the options must be valid. */
  constructor({ afterMs, percentile, minimumSamples, maxExtraRatio = 0.05, to }: HedgeOptions, clock: Clock) {
    this.#afterMs = afterMs ?? Infinity;
    if (percentile !== undefined) {
      const enough = Math.max(FEW_SAMPLES, Math.ceil(FEW_ABOVE / (1 - percentile)));
      this.#window = { percentile, minimumSamples: minimumSamples ?? enough };
    }
    this.#budget = new RetryBudget({
      ratio: maxExtraRatio,
      minPerSecond: maxExtraRatio === 0 ? 0 : FLOOR * 1_000 / WINDOW_MS,
      windowMs: WINDOW_MS,
      clock,
    });
    this.toNextMirror = to === "nextMirror";
  }

  race(
    environment: Environment,
    call: Call,
    start: RaceStart,
    field: RaceField,
  ): Promise<readonly Ending[]> {
    return new Race(this, environment, call, field).run(start);
  }

  /** Counts a request that may be hedged, for the budget. */
  deposit(nowMs: number): void {
    this.#budget.deposit(nowMs);
  }

  /** Returns how long an attempt has to bring its headers, in milliseconds; `Infinity` while that is not known. */
  delayMs(lane: Lane): number {
    return this.#window === undefined ? this.#afterMs : lane.latencies?.thresholdMs ?? Infinity;
  }

  /**
   * Returns the pause before the next try of a second attempt: ever longer, the longer the first attempt takes.
   *
   * @param lane The lane of the first attempt.
   * @param elapsedMs The time of the first attempt so far, in milliseconds.
   * @returns Milliseconds.
   */
  againMs(lane: Lane, elapsedMs: number): number {
    const waitMs = Math.min(LATEST_MS, Math.max(SOONEST_MS, AGAIN * this.delayMs(lane)));
    return Math.max(waitMs, AGAIN_ELAPSED * elapsedMs);
  }

  /** Whether the budget allows one more second attempt now. */
  get hasBudget(): boolean {
    return this.#budget.balance >= 1;
  }

  /** Whether this hedging needs latencies. */
  get notesLatencies(): boolean {
    return this.#window !== undefined;
  }

  /** Records how long the headers of a response took. Leaves failures out, since they may be fast for reasons of their own. */
  noteAnswer(lane: Lane, status: number, latencyMs: number, nowMs: number): void {
    if (verdictOn(status) === "success") this.noteLatency(lane, latencyMs, nowMs);
  }

  /**
   * Records how long an attempt took, or how long it had been slow when it was aborted. Without the aborted ones, the recorded
   * latencies would become ever shorter.
   */
  noteLatency(lane: Lane, latencyMs: number, nowMs: number): void {
    if (this.#window === undefined) return;
    (lane.latencies ??= new LatencyWindow(this.#window)).add(latencyMs, nowMs);
  }

  /**
   * Admits a second attempt, if the budget allows it and it has to wait for nothing.
   *
   * @param scheduler The scheduler that admits it.
   * @param call The call.
   * @param targets The targets that it may go to, the preferred one first.
   * @param nowMs The time on the client's clock.
   * @param claimant The claimant whose turn it is, so that the second attempt gets the permit in hand; absent if it does not come
   * by turn.
   * @returns The admitted attempt; `undefined` if it may not be sent now.
   */
  tryAdmit(
    scheduler: Scheduler,
    call: Call,
    targets: readonly Target[],
    nowMs: number,
    claimant?: Claimant,
  ): Rival | undefined {
    for (const target of targets) {
      const admission = this.tryEnter(scheduler, call, target.lane, nowMs, claimant);
      if (admission !== undefined) return { target, admission };
    }
    return undefined;
  }

  /** Admits a second attempt to one lane, if the budget allows it, and it has to wait for nothing or it is its turn. */
  tryEnter(
    scheduler: Scheduler,
    call: Call,
    lane: Lane,
    nowMs: number,
    claimant?: Claimant,
  ): Admission | undefined {
    if (!this.hasBudget) return undefined;
    const admission = claimant === undefined
      ? scheduler.seconds.tryAdmit(call, lane)
      : scheduler.seconds.tryAdmitInTurn(call, lane, claimant, nowMs);
    if (admission !== undefined) this.#budget.tryWithdraw(nowMs);
    return admission;
  }
}

/**
 * When a second attempt is sent, and whether.
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

/** How long a request pays for second attempts, in milliseconds. */
const WINDOW_MS = 10_000;
/** How many second attempts there may always be in that time. */
const FLOOR = 1;

/** How long it is until a second attempt that was not admitted is tried again: a share of its delay, within bounds in milliseconds. */
const AGAIN = 1 / 4;
const SOONEST_MS = 5;
const LATEST_MS = 100;
/** At the least, it is this share of how long the first attempt has taken. */
const AGAIN_ELAPSED = 1 / 20;

/** Samples of which so few are above the percentile say little of it. */
const FEW_ABOVE = 2;
const FEW_SAMPLES = 20;

/**
 * The hedging of a client: says how long attempts have, from how long others took, and keeps second attempts within their budget.
 *
 * A second attempt is one of J. Dean and L. A. Barroso, "The Tail at Scale" (2013): sent when the first has taken longer than most, so that
 * little is sent twice. The budget keeps that true when everything is slow. It goes if everything that it needs is
 * there and no request waits for that, or with the next permit, or is tried again a little later.
 */
export class Hedger implements Hedging<Environment>, RaceRules {
  readonly #afterMs: number;
  readonly #window: LatencyWindowOptions | undefined;
  readonly #budget: RetryBudget;
  /** Whether second attempts go to the next mirror. */
  readonly toNextMirror: boolean;

  /** Creates the hedging of a client that has sent nothing; the options were checked. */
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

  /** Counts a request that may be hedged. */
  deposit(nowMs: number): void {
    this.#budget.deposit(nowMs);
  }

  /** How long an attempt has to bring its headers, in milliseconds; `Infinity` while that is not known. */
  delayMs(lane: Lane): number {
    return this.#window === undefined ? this.#afterMs : lane.latencies?.thresholdMs ?? Infinity;
  }

  /**
   * How long to wait until a second attempt is tried again: ever longer, the longer the first one takes.
   *
   * @param lane The lane of the first one.
   * @param elapsedMs How long that has taken so far, in milliseconds.
   * @returns Milliseconds.
   */
  againMs(lane: Lane, elapsedMs: number): number {
    const waitMs = Math.min(LATEST_MS, Math.max(SOONEST_MS, AGAIN * this.delayMs(lane)));
    return Math.max(waitMs, AGAIN_ELAPSED * elapsedMs);
  }

  /** Whether there may be one more second attempt now. */
  get hasBudget(): boolean {
    return this.#budget.balance >= 1;
  }

  /** Whether it is of any use to note latencies. */
  get notesLatencies(): boolean {
    return this.#window !== undefined;
  }

  /** Notes how long the headers of a response took; failures are fast for reasons of their own. */
  noteAnswer(lane: Lane, status: number, latencyMs: number, nowMs: number): void {
    if (verdictOn(status) === "success") this.noteLatency(lane, latencyMs, nowMs);
  }

  /**
   * Notes how long an attempt took, or how long it had been slow when it was cut short: if those were left out, the latencies would seem
   * ever shorter.
   */
  noteLatency(lane: Lane, latencyMs: number, nowMs: number): void {
    if (this.#window === undefined) return;
    (lane.latencies ??= new LatencyWindow(this.#window)).add(latencyMs, nowMs);
  }

  /**
   * Has a second attempt admitted, if the budget allows it and it has to wait for nothing.
   *
   * @param scheduler What admits it.
   * @param call The call.
   * @param targets Where it may go, the preferred one first.
   * @param nowMs The time on the client's clock.
   * @param claimant What has claimed the permit in hand for it, if it is its turn.
   * @returns What it is sent with; `undefined` if it may not be sent now.
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

  /** Has a second attempt admitted to one lane, if the budget allows it and it has to wait for nothing, or it is its turn. */
  tryEnter(
    scheduler: Scheduler,
    call: Call,
    lane: Lane,
    nowMs: number,
    claimant?: Claimant,
  ): Admission | undefined {
    if (!this.hasBudget) return undefined;
    const admission = claimant === undefined
      ? scheduler.tryAdmit(call, lane)
      : scheduler.tryAdmitInTurn(call, lane, claimant, nowMs);
    if (admission !== undefined) this.#budget.tryWithdraw(nowMs);
    return admission;
  }
}

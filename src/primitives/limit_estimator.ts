/**
 * The estimator behind an adaptive limit.
 *
 * @module
 */

import { type AdaptiveLimitRules, type LimitSettings, limitSettings } from "./adaptive_limit_options.ts";
import { DropRate } from "./drop_rate.ts";
import { LatencyGradient } from "./latency_gradient.ts";
import { SampleWindow, type WindowStats } from "./sample_window.ts";

/** The fewest samples that a decision needs. */
const FEWEST = 10;
/** While the standard error of the mean logarithm exceeds this (about 10 % of a latency), a decision waits for more samples. */
const UNCERTAIN = 0.1;
/** A decision waits for no more than this many windows, and for no more than this many samples. */
const MOST_WINDOWS = 4;
const ENOUGH = 100;
/** If the limit grows by more than this factor, a burst of work begins at once. */
const BURST = 1.25;
/** The largest and the smallest share of a limit that was too high that one decision leaves. */
const MOST_LEFT = 0.9;
const LEAST_LEFT = 0.5;
/** After how many windows without overload a limit that was too high is tried again. The number doubles each time, up to a maximum. */
const FIRST_CAUTION = 8;
const MOST_CAUTION = 64;
/** The share of the distance to a limit that was too high by which one step grows. */
const APPROACH = 0.25;

/**
 * Computes a limit from the outcomes of the work under it. It makes one decision per window, from work that began after the
 * previous decision took effect. There are no timers.
 *
 * Both algorithms react to drops: the limit falls to what the service really handled (Little's law), by at least a tenth, and
 * rises again step by step: additive increase, multiplicative decrease (Chiu and Jain, 1989). A limit that was too high is tried
 * again only after a while, and later each time. Until the limit is too high for the first time it doubles, as in TCP's slow
 * start. It does not grow while less than half of it is used, because that use says nothing about a higher limit.
 */
export class LimitEstimator {
  /** How many units of work may be in flight. */
  limit: number;
  /** The highest value that the limit may reach. */
  readonly max: number;
  readonly #settings: LimitSettings;
  readonly #window: SampleWindow = new SampleWindow();
  readonly #drops: DropRate = new DropRate();
  readonly #gradient: LatencyGradient | undefined;
  /**
   * How many rounds the latest change of the limit still takes to settle; samples are skipped until then. In the first round,
   * work ends that began under an earlier limit. If the change has begun a burst, the work of the burst ends in a second round:
   * it is no measure, because it meets queues that are still short.
   */
  #roundsLeft: 0 | 1 | 2 = 2;
  /** When the present round began: when the limit was changed, or when the work of the burst began to end. */
  #roundBeganAtMs = -Infinity;
  /** The earliest time at which the present round may end. */
  #settlesAtMs = -Infinity;
  /** Whether no limit has been too high yet. */
  #isSearching = true;
  /** The lowest limit that was too high; `Infinity` if none is remembered. */
  #ceiling = Infinity;
  /** How many windows without overload must pass just below the ceiling before the ceiling is tried again. */
  #caution = FIRST_CAUTION / 2;
  /** How many windows without overload have passed just below the ceiling. */
  #calmWindows = 0;

  /**
   * Creates an estimator without samples.
   *
   * @param rules The rules by which the limit changes.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If one is out of its range.
   */
  constructor(rules: AdaptiveLimitRules) {
    this.#settings = limitSettings(rules);
    this.limit = this.#settings.initial;
    this.max = this.#settings.max;
    if (this.#settings.algorithm === "gradient") this.#gradient = new LatencyGradient();
  }

  /** Whether the estimator has its initial limit and an empty window, so that a new one could replace it. */
  get isNew(): boolean {
    return this.limit === this.#settings.initial && this.#window.count === 0;
  }

  /**
   * Records the outcome of a piece of work.
   *
   * @param latencyMs How long it took, in milliseconds.
   * @param inFlight How many units of work were in flight when it ended, itself included.
   * @param isDropped Whether it was refused, or took too long.
   * @param nowMs The time, in milliseconds since some fixed moment.
   * @returns Whether the limit has changed.
   */
  note(latencyMs: number, inFlight: number, isDropped: boolean, nowMs: number): boolean {
    if (this.#window.ageMs(nowMs) < 0) this.#beginAnew(nowMs);
    if (this.#roundsLeft > 0) this.#settle(nowMs - latencyMs, nowMs);
    if (this.#roundsLeft > 0) return false;
    this.#window.add(latencyMs, inFlight, isDropped, nowMs);
    return this.#isOver(nowMs) && this.#decide(this.#window.stats(nowMs), nowMs);
  }

  /** Begins the present round and its window anew, because the clock went back. */
  #beginAnew(nowMs: number): void {
    this.#roundBeganAtMs = this.#settlesAtMs = nowMs;
    this.#window.restart(nowMs);
  }

  /** Ends the present round if the work that has just ended began in it. A new window begins with the end of a round. */
  #settle(startedAtMs: number, nowMs: number): void {
    if (nowMs < this.#settlesAtMs || startedAtMs < this.#roundBeganAtMs) return;
    this.#roundsLeft = this.#roundsLeft === 2 ? 1 : 0;
    this.#roundBeganAtMs = nowMs;
    this.#window.restart(nowMs);
  }

  #isOver(nowMs: number): boolean {
    const { count, peak } = this.#window;
    if (count < FEWEST || count < peak / 2) return false;
    const windows = this.#window.ageMs(nowMs) / this.#settings.windowMs;
    if (windows < 1) return false;
    return count >= ENOUGH || windows >= MOST_WINDOWS || this.#window.error <= UNCERTAIN;
  }

  #decide(stats: WindowStats, nowMs: number): boolean {
    const { limit } = this;
    const wanted = this.#drops.isOverload(limit, stats)
      ? this.#drops.testFall(limit, stats) ?? this.#fall(stats)
      : this.#rise(this.#want(stats, nowMs), stats.peak);
    const { min, max } = this.#settings;
    this.limit = Math.min(max, Math.max(min, Math.round(wanted)));
    this.#window.restart(nowMs);
    if (this.limit === limit) return false;
    this.#roundsLeft = this.limit > BURST * limit ? 2 : 1;
    this.#roundBeganAtMs = nowMs;
    this.#settlesAtMs = nowMs + (stats.drops < stats.count ? Math.exp(stats.mean) : 0);
    return true;
  }

  /** Computes the limit after an overload. */
  #fall({ peak, served }: WindowStats): number {
    const tooMuch = Math.min(this.limit, peak);
    this.#gradient?.interrupt();
    // If the service handles nothing at all, the limit is not the reason.
    if (served >= 1) {
      this.#isSearching = false;
      this.#ceiling = tooMuch;
      this.#caution = Math.min(MOST_CAUTION, 2 * this.#caution);
    }
    this.#calmWindows = 0;
    return Math.max(LEAST_LEFT * tooMuch, Math.min(served, MOST_LEFT * tooMuch));
  }

  /** Computes the limit that the algorithm wants after a window without overload. */
  #want(stats: WindowStats, nowMs: number): number {
    const { limit } = this;
    if (this.#gradient !== undefined) return this.#gradient.next(limit, stats, nowMs);
    if (stats.peak < limit / 2) return limit;
    return this.#isSearching ? 2 * limit : limit + 1;
  }

  /** Slows a rise down that approaches a limit that was too high before. */
  #rise(wanted: number, peak: number): number {
    const { limit } = this;
    if (limit >= this.#ceiling && peak >= this.#ceiling) {
      this.#ceiling = Infinity;
      this.#caution = Math.max(FIRST_CAUTION / 2, this.#caution / 2);
    }
    if (wanted <= limit || this.#ceiling === Infinity) return wanted;
    const step = Math.max(1, APPROACH * (this.#ceiling - limit));
    if (Math.min(wanted, limit + step) < this.#ceiling) return Math.min(wanted, limit + step);
    if (++this.#calmWindows < this.#caution) return limit;
    this.#calmWindows = 0;
    return this.#ceiling;
  }
}

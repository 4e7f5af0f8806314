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
 * Computes a limit from the outcomes of the work under it. It makes one decision per window, from work that began after the previous
 * decision took effect. There are no timers.
 *
 * Both algorithms react to drops: the limit falls to what the service really handled (Little's law), by at least a tenth, and rises
 * again step by step: additive increase, multiplicative decrease (Chiu and Jain, 1989). A limit that was too high is tried again only
 * after a while, and later each time. Until the limit is too high for the first time it doubles, as in TCP's slow start. It does not
 * grow while less than half of it is used, because that use says nothing about a higher limit.
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
  /** Whether samples are skipped because their work began under an earlier limit. */
  #isSettling = true;
  /** Whether the last change may have begun a burst. The work of a burst is no measure: it meets queues that are still short. */
  #isBurst = true;
  /** When the limit was last changed, or when the work of the burst began to end. */
  #changedAtMs = -Infinity;
  /** The earliest time at which the skipping of samples may end. */
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
    if (this.#isSettling && !this.#settle(nowMs - latencyMs, nowMs)) return false;
    this.#window.add(latencyMs, inFlight, isDropped, nowMs);
    return this.#isOver(nowMs) && this.#decide(this.#window.stats(nowMs), nowMs);
  }

  /**
   * Checks whether the latest change of the limit has taken effect: whether work that began after the change has ended. If the change began
   * a burst, this takes a second round: work that began when the first of the burst had ended must end, too. Then it opens a new window.
   *
   * @returns Whether the sample counts.
   */
  #settle(startedAtMs: number, nowMs: number): boolean {
    if (nowMs < this.#settlesAtMs || startedAtMs < this.#changedAtMs) return false;
    this.#isSettling = this.#isBurst;
    this.#isBurst = false;
    this.#changedAtMs = nowMs;
    this.#window.restart(nowMs);
    return !this.#isSettling;
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
    this.#isSettling = true;
    this.#isBurst = this.limit > BURST * limit;
    this.#changedAtMs = nowMs;
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

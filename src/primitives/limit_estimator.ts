/**
 * What a limit should be.
 *
 * @module
 */

import { type AdaptiveLimitRules, type LimitSettings, limitSettings } from "./adaptive_limit_options.ts";
import { DropRate } from "./drop_rate.ts";
import { LatencyGradient } from "./latency_gradient.ts";
import { SampleWindow, type WindowStats } from "./sample_window.ts";

/** How many samples a decision takes. */
const FEWEST = 10;
/** A decision waits for more samples while its mean is so uncertain: about 10 %. */
const UNCERTAIN = 0.1;
/** But no longer than so many windows, and not for more than so many samples. */
const MOST_WINDOWS = 4;
const ENOUGH = 100;
/** A limit that has grown by more than this lets a burst begin. */
const BURST = 1.25;
/** What is left of a limit that was too high: at most, and at least. */
const MOST_LEFT = 0.9;
const LEAST_LEFT = 0.5;
/** After so many windows without overload a limit that was too high is tried again; after twice as many each time. */
const FIRST_CAUTION = 8;
const MOST_CAUTION = 64;
/** The share of the way to a limit that was too high that one step takes. */
const APPROACH = 0.25;

/**
 * Works out a limit from what becomes of the work under it. One decision is made in each window, by what was measured after the one before
 * has had its effect; there are no timers.
 *
 * Drops count whatever the algorithm: the limit falls to what was really served (Little's law), and by a tenth at least, and rises again step by
 * step: additive increase, multiplicative decrease (Chiu and Jain, 1989). A limit that was too high is tried again after a while only, and
 * later each time. Until it was too high for the first time it doubles, as in TCP's slow start. It does not grow while less than
 * half of it is used, which would say nothing.
 */
export class LimitEstimator {
  /** How much may be in flight. */
  limit: number;
  /** The highest that it may become. */
  readonly max: number;
  readonly #settings: LimitSettings;
  readonly #window: SampleWindow = new SampleWindow();
  readonly #drops: DropRate = new DropRate();
  readonly #gradient: LatencyGradient | undefined;
  /** Whether what ends has begun under another limit. */
  #isSettling = true;
  /** Whether a burst may have begun when the limit was changed: it meets queues that are not full yet. */
  #isBurst = true;
  /** When the limit was changed, or the burst began to end. */
  #changedAtMs = -Infinity;
  /** Until when what ends has begun under another limit, at least. */
  #settlesAtMs = -Infinity;
  /** Whether no limit has been too high. */
  #isSearching = true;
  /** The lowest limit that was too high, while that is remembered. */
  #ceiling = Infinity;
  #caution = FIRST_CAUTION / 2;
  /** Windows without overload just below it. */
  #calmWindows = 0;

  /**
   * Creates an estimator that has measured nothing.
   *
   * @param rules What it goes by.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If one is out of its range.
   */
  constructor(rules: AdaptiveLimitRules) {
    this.#settings = limitSettings(rules);
    this.limit = this.#settings.initial;
    this.max = this.#settings.max;
    if (this.#settings.algorithm === "gradient") this.#gradient = new LatencyGradient();
  }

  /** Whether it would be the same if it were made anew. */
  get isNew(): boolean {
    return this.limit === this.#settings.initial && this.#window.count === 0;
  }

  /**
   * Notes what has become of a piece of work.
   *
   * @param latencyMs How long it took, in milliseconds.
   * @param inFlight How much was in flight when it ended, itself included.
   * @param isDropped Whether it was refused, or took too long.
   * @param nowMs The time, in milliseconds since some fixed moment.
   * @returns Whether the limit has changed.
   */
  note(latencyMs: number, inFlight: number, isDropped: boolean, nowMs: number): boolean {
    if (this.#isSettling && !this.#settle(nowMs - latencyMs, nowMs)) return false;
    this.#window.add(latencyMs, inFlight, isDropped, nowMs);
    return this.#isOver(nowMs) && this.#decide(this.#window.stats(nowMs), nowMs);
  }

  /** What ends has begun under another limit, until work has ended that has begun since it was changed. */
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

  /** What was in flight was too much. */
  #fall({ peak, served }: WindowStats): number {
    const tooMuch = Math.min(this.limit, peak);
    this.#gradient?.interrupt();
    // Where nothing is served at all, the limit is not the reason.
    if (served >= 1) {
      this.#isSearching = false;
      this.#ceiling = tooMuch;
      this.#caution = Math.min(MOST_CAUTION, 2 * this.#caution);
    }
    this.#calmWindows = 0;
    return Math.max(LEAST_LEFT * tooMuch, Math.min(served, MOST_LEFT * tooMuch));
  }

  /** What the algorithm makes of a window without overload. */
  #want(stats: WindowStats, nowMs: number): number {
    const { limit } = this;
    if (this.#gradient !== undefined) return this.#gradient.next(limit, stats, nowMs);
    if (stats.peak < limit / 2) return limit;
    return this.#isSearching ? 2 * limit : limit + 1;
  }

  /** Keeps a limit from rising too fast to what was too much before. */
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

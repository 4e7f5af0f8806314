/**
 * How an adaptive limit follows from latencies.
 *
 * @module
 */

import type { WindowStats } from "./sample_window.ts";

/**
 * While the limit is still searched for, latencies may exceed the base by this much, as a logarithm (22 %), and the limit still
 * doubles.
 */
const MOST_EXCESS = 0.2;
/** One decision leaves at least this share of the limit. */
const LEAST_LEFT = 0.5;
/** The share of the limit that a probe tries, to see whether latencies fall with the limit: the first probe, and later ones. */
const FIRST_PROBE = 0.5;
const LATER_PROBE = 0.85;
/** The time between two probes, in milliseconds: the shortest after the service was found to be slower; it doubles up to the longest. */
const LONGEST_GAP_MS = 10_000;
const SHORTEST_GAP_MS = 1_000;
/** How much lower a limit must be, as a logarithm (17 %), before a comparison of the latencies at both limits tells anything. */
const TELLING = 0.18;

/**
 * Without a queue, latencies do not fall with the limit; with one, they fall in proportion to it. A fall counts as proof of a
 * queue above these shares of the limit's own fall: the lower share usually, the higher one after small steps.
 */
const LIKELY = 0.5;
const SURE = 0.75;

/** A limit, and the mean latency at that limit, as a logarithm. */
interface Point {
  readonly limit: number;
  readonly mean: number;
}

/**
 * Finds the highest limit at which latencies do not grow.
 *
 * The rule is that of Netflix's concurrency-limits (`Gradient2Limit`): limit · (latency without a queue / latency) + √limit,
 * which leaves a short queue. The latency without a queue is not the lowest one ever measured, as in TCP Vegas (Brakmo and
 * Peterson, 1995). It is no long-term average either, because a standing queue would become part of the average. Instead it is
 * tested: if latencies stay the same at a lower limit, the service has become slower, and the queue has not become longer. So a
 * service that gets slower for good keeps its limit, and a queue does not become the norm. From time to time the limit is lowered
 * for this test alone, as in BBR (Cardwell et al., 2016). Such a test is called a probe here.
 */
export class LatencyGradient {
  /** The latency without a queue, as a logarithm. */
  #base: number | undefined;
  /** The standard error of `#base`. */
  #baseError = 0;
  /** Whether no limit has been too high yet, so that the limit doubles. */
  #isSearching = true;
  /** The limit and its latency before the probe that is under way. */
  #probedFrom: Point | undefined;
  #probeShare = FIRST_PROBE;
  /** The share of the limit's own fall by which latencies must fall in this probe to prove a queue. */
  #proof = LIKELY;
  #probeAtMs = 0;
  #probeGapMs = LONGEST_GAP_MS;
  /** The limit and its latency when the limit began to fall. */
  #fellFrom: Point | undefined;

  /** Ends a probe or a comparison that is under way, because something else has changed the limit. */
  interrupt(): void {
    this.#probedFrom = this.#fellFrom = undefined;
  }

  /**
   * Computes the next limit.
   *
   * @param limit The limit during the window.
   * @param stats The measurements of the window, with at least one latency.
   * @param nowMs The time, in milliseconds.
   * @returns The limit, unbounded and with a fraction.
   */
  next(limit: number, stats: WindowStats, nowMs: number): number {
    const { mean } = stats;
    if (stats.peak < limit / 2) return this.#rest(limit, stats);
    if (this.#probedFrom !== undefined) return this.#endProbe(this.#probedFrom, limit, stats, nowMs);
    if (this.#base === undefined) {
      this.#setBase(stats);
      return this.#probe(limit, mean, FIRST_PROBE);
    }
    const excess = this.#compare(this.#base, stats);
    const restored = this.#testFall(limit, stats, nowMs);
    if (restored !== undefined) return restored;
    // If the clock went back, the next probe would be far away.
    const isDue = nowMs >= this.#probeAtMs || this.#probeAtMs - nowMs > LONGEST_GAP_MS;
    if (isDue) return this.#probe(limit, mean, LATER_PROBE);
    return this.#step(limit, mean, excess);
  }

  /** Handles a window with so little work in flight that there is no queue: its latency becomes the base. */
  #rest(limit: number, stats: WindowStats): number {
    const { limit: before } = this.#probedFrom ?? { limit };
    this.interrupt();
    this.#setBase(stats);
    return before;
  }

  #setBase({ mean, error }: WindowStats): void {
    this.#base = mean;
    this.#baseError = error;
  }

  /** Returns by how much latencies exceed the base, as a logarithm, less what may be chance; adapts the base if they do not. */
  #compare(base: number, stats: WindowStats): number {
    const { mean, error } = stats;
    const chance = Math.hypot(error, this.#baseError);
    const excess = mean - base;
    if (excess > chance) return excess - chance;
    if (excess < -2 * chance) this.#setBase(stats);
    else if (chance > 0) {
      // Both are measurements of the same latency: take their mean, weighted by the inverse of their variances.
      const weight = (this.#baseError / chance) ** 2;
      this.#base = base + weight * excess;
      this.#baseError = Math.sqrt(weight) * error;
    }
    return 0;
  }

  #step(limit: number, mean: number, excess: number): number {
    if (this.#isSearching && excess < MOST_EXCESS) return 2 * limit;
    this.#isSearching = false;
    const next = limit * Math.max(LEAST_LEFT, Math.exp(-excess)) + Math.sqrt(limit);
    if (next >= limit) this.#fellFrom = undefined;
    else this.#fellFrom ??= { limit, mean };
    return next;
  }

  /**
   * Tests whether latencies have fallen with the limit. If they have not, they do not come from a queue.
   *
   * @returns The limit before its fall, to restore it; `undefined` if the fall was right, or too small to tell.
   */
  #testFall(limit: number, stats: WindowStats, nowMs: number): number | undefined {
    const from = this.#fellFrom;
    if (from === undefined || Math.log(from.limit / limit) < TELLING) return undefined;
    if (hasFallen(from, limit, stats.mean, LIKELY)) return undefined;
    this.#fellFrom = undefined;
    this.#probeGapMs = SHORTEST_GAP_MS;
    this.#probeAtMs = nowMs + SHORTEST_GAP_MS;
    this.#setBase(stats);
    return from.limit;
  }

  #probe(limit: number, mean: number, share: number, proof = LIKELY): number {
    this.#probedFrom = { limit, mean };
    this.#proof = proof;
    this.#probeShare = share;
    this.#fellFrom = undefined;
    return Math.min(limit - 1, limit * share);
  }

  #endProbe(from: Point, limit: number, stats: WindowStats, nowMs: number): number {
    const { mean } = stats;
    this.#probedFrom = undefined;
    this.#probeGapMs = Math.min(LONGEST_GAP_MS, 2 * this.#probeGapMs);
    this.#probeAtMs = nowMs + this.#probeGapMs;
    this.#setBase(stats);
    if (!hasFallen(from, limit, mean, this.#proof)) return from.limit;
    // As long as latencies fall, there may be a queue: probe a lower limit. Small steps need a stronger proof.
    return this.#probe(limit, mean, this.#probeShare, this.#probeShare === LATER_PROBE ? SURE : LIKELY);
  }
}

/** Returns whether latencies have fallen by more than `share` of the limit's own fall, both as logarithms. */
function hasFallen(from: Point, limit: number, mean: number, share: number): boolean {
  return from.mean - mean > share * Math.log(from.limit / limit);
}

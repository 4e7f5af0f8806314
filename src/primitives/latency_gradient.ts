/**
 * What latencies say of a limit.
 *
 * @module
 */

import type { WindowStats } from "./sample_window.ts";

/** A limit that latencies grow with by less than this is not too high, while it is looked for; as a logarithm: 22 %. */
const MOST_EXCESS = 0.2;
/** One decision takes no more than this share away. */
const STRONGEST = 0.5;
/** The share of the limit that is tried to see whether latencies fall with it: the first time, and later on. */
const FIRST_PROBE = 0.5;
const LATER_PROBE = 0.85;
/** How often that is done, in milliseconds: more often after the service was taken to be slower, and twice as long each time. */
const LONGEST_GAP_MS = 10_000;
const SHORTEST_GAP_MS = 1_000;
/** So much lower a limit must be, as a logarithm, before the latencies of both tell anything: 17 %. */
const TELLING = 0.18;

/** Without a queue latencies do not fall with the limit, and with one by as much. What is above these shares counts as a fall. */
const LIKELY = 0.5;
const SURE = 0.75;

/** A limit, and the latency that it had, as a logarithm. */
interface Point {
  readonly limit: number;
  readonly mean: number;
}

/**
 * Finds the limit up to which latencies do not grow.
 *
 * The rule is that of Netflix's concurrency-limits (`Gradient2Limit`): limit · (latency without a queue / latency) + √limit, so that
 * a short queue is left. Latency without a queue is not the least that was ever measured, as in TCP Vegas (Brakmo and Peterson, 1995), nor a
 * long average, which a standing queue becomes a part of. It is tested: a lower limit that has the same latencies shows that the service is
 * slower, and not the queue longer. So a service that gets slower for good keeps its limit, and a queue does not become normal. From time to
 * time the limit is lowered for this alone, as in BBR (Cardwell et al., 2016).
 */
export class LatencyGradient {
  /** The latency without a queue, as a logarithm. */
  #base: number | undefined;
  /** The standard error of that. */
  #baseError = 0;
  /** Whether the limit is still looked for. */
  #isSearching = true;
  /** Where the limit was before a probe. */
  #probedFrom: Point | undefined;
  #probeShare = FIRST_PROBE;
  /** How far latencies have to fall for a queue. */
  #proof = LIKELY;
  #probeAtMs = 0;
  #probeGapMs = LONGEST_GAP_MS;
  /** Where the limit began to fall. */
  #fellFrom: Point | undefined;

  /** Something else has changed the limit. */
  interrupt(): void {
    this.#probedFrom = this.#fellFrom = undefined;
  }

  /**
   * What the limit should be.
   *
   * @param limit What it was during the window.
   * @param stats What the window has shown: at least one latency.
   * @param nowMs The time.
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
    if (nowMs >= this.#probeAtMs) return this.#probe(limit, mean, LATER_PROBE);
    return this.#step(limit, mean, excess);
  }

  /** So little is in flight that nothing waits for anything. */
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

  /** By how much latencies are longer than without a queue, as a logarithm; chance does not count. */
  #compare(base: number, stats: WindowStats): number {
    const { mean, error } = stats;
    const chance = Math.hypot(error, this.#baseError);
    const excess = mean - base;
    if (excess > chance) return excess - chance;
    if (excess < -2 * chance) this.#setBase(stats);
    else if (chance > 0) {
      // Both have measured the same: what is taken from each goes by its certainty.
      const weight = (this.#baseError / chance) ** 2;
      this.#base = base + weight * excess;
      this.#baseError = Math.sqrt(weight) * error;
    }
    return 0;
  }

  #step(limit: number, mean: number, excess: number): number {
    if (this.#isSearching && excess < MOST_EXCESS) return 2 * limit;
    this.#isSearching = false;
    const next = limit * Math.max(STRONGEST, Math.exp(-excess)) + Math.sqrt(limit);
    if (next >= limit) this.#fellFrom = undefined;
    else this.#fellFrom ??= { limit, mean };
    return next;
  }

  /** The limit has fallen: if the latencies have not, they do not come from a queue. */
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
    // As long as latencies fall, there may be a queue. Steps that are small show it less well.
    return this.#probe(limit, mean, this.#probeShare, this.#probeShare === LATER_PROBE ? SURE : LIKELY);
  }
}

/** Whether latencies have fallen by more than a share of what the limit has fallen. */
function hasFallen(from: Point, limit: number, mean: number, share: number): boolean {
  return from.mean - mean > share * Math.log(from.limit / limit);
}

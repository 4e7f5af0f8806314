/**
 * A percentile of recent latencies.
 *
 * @module
 */

/** How many buckets each power of two has: a percentile is too high by a 16th of an octave at most. */
const BUCKETS_PER_OCTAVE = 16;
/** Latencies up to this, in milliseconds, fall into the first bucket. */
const SHORTEST_MS = 1 / 16;
/** The last bucket begins at more than an hour. */
const OCTAVES = 26;
const BUCKETS = OCTAVES * BUCKETS_PER_OCTAVE;

/** How long a generation collects samples before the next one begins, in milliseconds. */
const GENERATION_MS = 15_000;
/** The percentile is computed anew after this share of further samples; fewer samples change it too little. */
const NEWS = 1 / 32;

/** Options of {@linkcode LatencyWindow}. */
export interface LatencyWindowOptions {
  /** The share of the latencies that are below the percentile, between 0 and 1. */
  readonly percentile: number;
  /** How many samples the window needs before it gives a percentile. */
  readonly minimumSamples: number;
}

/**
 * Computes a percentile of recent latencies, in memory of constant size: a histogram with buckets of logarithmic width, as in
 * HdrHistogram, for each of two generations. The older generation is dropped when the younger one has lasted for 15 seconds and
 * has enough samples. So the window lasts longer if samples are few.
 */
export class LatencyWindow {
  readonly #percentile: number;
  readonly #minimumSamples: number;
  #young = new Uint32Array(BUCKETS);
  #old = new Uint32Array(BUCKETS);
  #youngCount = 0;
  #oldCount = 0;
  #bornAtMs = -Infinity;
  /** The percentile that was computed last, and after how many further samples it is computed anew. */
  #thresholdMs = Infinity;
  #news = 0;

  /** Creates an empty window. */
  constructor({ percentile, minimumSamples }: LatencyWindowOptions) {
    this.#percentile = percentile;
    this.#minimumSamples = minimumSamples;
  }

  /** How many samples the window holds. */
  get count(): number {
    return this.#youngCount + this.#oldCount;
  }

  /** Adds a latency, in milliseconds, of work that ended at `nowMs`. */
  add(latencyMs: number, nowMs: number): void {
    if (this.#bornAtMs === -Infinity) this.#bornAtMs = nowMs;
    const isOld = nowMs - this.#bornAtMs >= GENERATION_MS;
    if (isOld && this.#youngCount >= this.#minimumSamples) this.#rotate(nowMs);
    const octaves = latencyMs > SHORTEST_MS ? Math.log2(latencyMs / SHORTEST_MS) : 0;
    this.#young[Math.min(Math.floor(octaves * BUCKETS_PER_OCTAVE), BUCKETS - 1)]!++;
    this.#youngCount++;
    this.#news--;
  }

  #rotate(nowMs: number): void {
    const forgotten = this.#old.fill(0);
    this.#old = this.#young;
    this.#oldCount = this.#youngCount;
    this.#young = forgotten;
    this.#youngCount = 0;
    this.#bornAtMs = nowMs;
    this.#news = 0;
  }

  /**
   * The percentile, in milliseconds; `Infinity` while there are too few samples. It is too high by 4.4 % at most, and never too
   * low, so that equal latencies never exceed it.
   */
  get thresholdMs(): number {
    const { count } = this;
    if (count < this.#minimumSamples) return Infinity;
    if (this.#news > 0) return this.#thresholdMs;
    this.#news = Math.max(1, Math.floor(count * NEWS));
    return this.#thresholdMs = this.#find(Math.max(1, Math.ceil(this.#percentile * count)));
  }

  #find(rank: number): number {
    let left = rank;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#young[bucket]! + this.#old[bucket]!;
      if (left <= 0) return SHORTEST_MS * 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE);
    }
    return Infinity;
  }
}

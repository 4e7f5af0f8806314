/**
 * How long things took lately.
 *
 * @module
 */

/** Each power of two is cut into this many buckets: a percentile is too high by a 16th of an octave at most. */
const BUCKETS_PER_OCTAVE = 16;
/** The shortest latency that is told apart, in milliseconds. */
const SHORTEST_MS = 1 / 16;
/** The longest one is over an hour. */
const OCTAVES = 26;
const BUCKETS = OCTAVES * BUCKETS_PER_OCTAVE;

/** How old samples grow before they make room for new ones, in milliseconds. */
const GENERATION_MS = 15_000;
/** So many further samples, as a share of those that there are, change a percentile too little to look for it anew. */
const NEWS = 1 / 32;

/** Where a percentile is asked for again and again. */
export interface LatencyWindowOptions {
  /** Which share of the latencies the percentile is above, between 0 and 1. */
  readonly percentile: number;
  /** How many samples there must be. */
  readonly minimumSamples: number;
}

/**
 * Knows a percentile of recent latencies, in memory that does not grow with them: a histogram of two generations, in buckets of
 * logarithmic width as in HdrHistogram. The older one is forgotten when the younger has lasted for 15 seconds and has samples enough, so
 * that a window of few samples lasts longer.
 */
export class LatencyWindow {
  readonly #percentile: number;
  readonly #minimumSamples: number;
  #young = new Uint32Array(BUCKETS);
  #old = new Uint32Array(BUCKETS);
  #youngCount = 0;
  #oldCount = 0;
  #bornAtMs = -Infinity;
  /** The percentile as it was found last, and after how many samples it is looked for again. */
  #thresholdMs = Infinity;
  #news = 0;

  /** Creates an empty window. */
  constructor({ percentile, minimumSamples }: LatencyWindowOptions) {
    this.#percentile = percentile;
    this.#minimumSamples = minimumSamples;
  }

  /** How many samples there are. */
  get count(): number {
    return this.#youngCount + this.#oldCount;
  }

  /** Adds a latency, in milliseconds, that ended at `nowMs`. */
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
   * The percentile, in milliseconds: too high by 4.4 % at most, and never too low, so that latencies that are all alike are not above it.
   * `Infinity` as long as there are not samples enough.
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

/**
 * The present speed of a run.
 *
 * @module
 */

interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly bytes: number;
}

/** The speeds that a {@linkcode RateMeter} measures. */
export interface MeterReading {
  readonly perSecond: number;
  readonly bytesPerSecond: number;
}

const WINDOW_MS = 5_000;
const LEAST_SPAN_MS = 250;

/** Measures speeds over the last five seconds, from samples of running totals. */
export class RateMeter {
  readonly #samples: Sample[] = [];

  /**
   * Takes a sample.
   *
   * @param atMs The time of the sample; not before that of the last one.
   * @param done How many inputs or files have ended so far.
   * @param bytes How many bytes have arrived so far.
   * @returns The speeds; 0 until the samples span a quarter of a second.
   */
  add(atMs: number, done: number, bytes: number): MeterReading {
    const samples = this.#samples;
    samples.push({ atMs, done, bytes });
    // The newest sample at or before the window's edge stays, so that the window always spans the full five seconds.
    while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= WINDOW_MS) samples.shift();
    const first = samples[0];
    const spanMs = first === undefined ? 0 : atMs - first.atMs;
    if (first === undefined || spanMs < LEAST_SPAN_MS) return { perSecond: 0, bytesPerSecond: 0 };
    return {
      perSecond: (done - first.done) / spanMs * 1_000,
      bytesPerSecond: (bytes - first.bytes) / spanMs * 1_000,
    };
  }
}

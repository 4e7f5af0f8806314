/**
 * How fast something goes on just now.
 *
 * @module
 */

interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly bytes: number;
}

/** What a {@linkcode RateMeter} found. */
export interface MeterReading {
  readonly perSecond: number;
  readonly bytesPerSecond: number;
}

const WINDOW_MS = 5_000;
const LEAST_SPAN_MS = 250;

/** Speeds over the last five seconds, from samples of running totals. */
export class RateMeter {
  readonly #samples: Sample[] = [];

  /**
   * Takes a sample.
   *
   * @param atMs When; never before the sample that came before.
   * @param done How many are done by now.
   * @param bytes How many bytes have come by now.
   * @returns The speeds; 0 until a quarter of a second has been seen.
   */
  add(atMs: number, done: number, bytes: number): MeterReading {
    const samples = this.#samples;
    samples.push({ atMs, done, bytes });
    // The newest sample at or before the window's edge stays, so that the window is never shorter than it should be.
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

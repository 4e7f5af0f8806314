/**
 * The JSON texts that the benchmarks load: 400 bytes, and 133 KB, the size of a lap's telemetry.
 *
 * @module
 */

const COLUMNS = 12;
const ROWS = 870;

/** 400 bytes of JSON. */
export const SMALL_JSON: string = JSON.stringify({ text: "x".repeat(389) });

/** 133 KB of JSON: columns of numbers. */
export const LARGE_JSON: string = JSON.stringify({ tel: columns() });

function columns(): Record<string, number[]> {
  const column = Array.from({ length: ROWS }, (_, row) => row * 0.131 + 0.0001);
  return Object.fromEntries(Array.from({ length: COLUMNS }, (_, index) => [`column${index}`, column]));
}

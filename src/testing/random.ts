/**
 * Seeded random numbers.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";

/** How many outputs are discarded at first, so that neighbouring seeds do not give similar numbers. */
const WARM_UP_ROUNDS = 15;

/**
 * Creates a source of random numbers that gives the same sequence for the same seed, on every runtime.
 *
 * The generator is sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state, 32 bits per number, and a period of at least
 * 2^32. It is not suitable for cryptography.
 *
 * @param seed Any safe integer.
 * @returns A function like `Math.random`: uniform from 0 (included) to 1 (excluded).
 * @throws {RangeError} If `seed` is not a safe integer.
 *
 * @example The same seed gives the same numbers
 * ```ts
 * import { seededRandom } from "@slipstream/fetch/testing";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const first = seededRandom(7);
 * const second = seededRandom(7);
 *
 * assertEquals([first(), first()], [second(), second()]);
 * assertNotEquals(first(), seededRandom(8)());
 * ```
 */
export function seededRandom(seed: number): () => number {
  if (!Number.isSafeInteger(seed)) {
    throw argumentError("create seeded random", "seed", "a safe integer", seed);
  }
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;

  function next(): number {
    const output = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + output) | 0;
    return (output >>> 0) / 2 ** 32;
  }

  for (let round = 0; round < WARM_UP_ROUNDS; round++) next();
  return next;
}

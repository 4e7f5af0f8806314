/**
 * Random numbers that repeat themselves.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";

/** Outputs thrown away at first, so that neighbouring seeds do not give neighbouring numbers. */
const WARM_UP_ROUNDS = 15;

/**
 * Makes a source of random numbers that gives the same sequence for the same seed, on every runtime.
 *
 * The generator is sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state, 32 bits a number, a period of 2^32
 * at the very least. It is not for cryptography.
 *
 * @param seed Any safe integer.
 * @returns A function in the manner of `Math.random`: uniform over 0 (included) to 1 (excluded).
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

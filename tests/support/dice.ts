/**
 * Random draws that can be repeated with the same seed.
 *
 * @module
 */

import { seededRandom } from "../../src/testing/random.ts";

/** Makes random draws; the same seed gives the same draws. */
export class Dice {
  /** Returns a number from 0 (included) to 1 (excluded). */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Returns true with the given probability. */
  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Returns a whole number from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  /** Returns a whole number from 0 to `count - 1`. */
  below(count: number): number {
    return this.int(0, count - 1);
  }

  /** Returns one item of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** Returns the result of `make` with the given probability, and `undefined` otherwise. */
  maybe<T>(probability: number, make: () => T): T | undefined {
    return this.chance(probability) ? make() : undefined;
  }
}

/**
 * Chance that repeats itself.
 *
 * @module
 */

import { seededRandom } from "../../src/testing/random.ts";

/** Draws the same again for the same seed. */
export class Dice {
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return this.int(0, count - 1);
  }

  /** One of several. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** One of several, or nothing. */
  maybe<T>(probability: number, make: () => T): T | undefined {
    return this.chance(probability) ? make() : undefined;
  }
}

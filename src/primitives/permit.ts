/**
 * What a holder of capacity holds.
 *
 * @module
 */

import "./dispose_symbols.ts";

/** A share of a capacity, held until it is released. */
export class Permit implements Disposable {
  /** How much of the capacity it is. */
  readonly weight: number;
  #giveBack: ((weight: number) => void) | undefined;

  /** Made where permits are handed out; `giveBack` is called at most once, with the weight. */
  constructor(weight: number, giveBack: (weight: number) => void) {
    this.weight = weight;
    this.#giveBack = giveBack;
  }

  /** Gives the permit back. Only the first call does anything. */
  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.(this.weight);
  }

  /** Gives the permit back, as `release` does. */
  [Symbol.dispose](): void {
    this.release();
  }
}

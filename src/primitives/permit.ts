/**
 * A permit: a share of a capacity that its holder gives back.
 *
 * @module
 */

import "./dispose_symbols.ts";

/** A share of a capacity, held until it is released. */
export class Permit implements Disposable {
  /** How much of the capacity the permit takes. */
  readonly weight: number;
  #giveBack: ((weight: number) => void) | undefined;

  /** Creates a permit whose weight has been taken already. The release calls `giveBack` with the weight, at most once. */
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

/**
 * A bucket that is not in this process.
 *
 * @module
 */

import type { Bucket } from "../../src/primitives/bucket.ts";
import type { TokenBucket } from "../../src/primitives/token_bucket.ts";
import type { ModelClock } from "./model_clock.ts";
import type { Dice } from "../support/dice.ts";

/** Grants late, and sometimes says that it is worth asking when it is not. */
export class ForeignBucket implements Bucket {
  readonly #bucket: TokenBucket;
  readonly #clock: ModelClock;
  readonly #dice: Dice;
  readonly #listeners: (() => void)[] = [];
  #isCalling = false;

  constructor(bucket: TokenBucket, clock: ModelClock, dice: Dice) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#dice = dice;
  }

  tryTake(n?: number): boolean {
    if (this.#listeners.length > 0 && !this.#isCalling) return false;
    return !this.#dice.chance(0.1) && this.#bucket.tryTake(n);
  }

  notify(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#listeners.push(own);
    // Each timer is for whoever is first by then.
    this.#clock.at(this.#dice.int(1, 40), () => {
      this.#isCalling = true;
      this.#listeners.shift()?.();
      this.#isCalling = false;
    });
    return {
      [Symbol.dispose]: () => {
        const index = this.#listeners.indexOf(own);
        if (index !== -1) this.#listeners.splice(index, 1);
      },
    };
  }
}

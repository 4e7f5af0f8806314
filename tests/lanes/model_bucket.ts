/**
 * A bucket that lives outside this process.
 *
 * @module
 */

import type { Bucket } from "../../src/primitives/bucket.ts";
import type { TokenBucket } from "../../src/primitives/token_bucket.ts";
import type { ModelClock } from "./model_clock.ts";
import type { Dice } from "../support/dice.ts";

/** A bucket that grants tokens late, and sometimes calls a listener when it has no token. */
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
    // Each timer calls the listener that is first by then.
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

/**
 * Several buckets that grant together.
 *
 * @module
 */

import type { Bucket } from "./bucket.ts";
import "./dispose_symbols.ts";
import type { TokenBucket } from "./token_bucket.ts";

/**
 * Takes a token out of each of several buckets, or out of none: for several limits that hold at once, such as 20 a second and 100 in
 * ten seconds. It is meant to be the only one that waits for these buckets.
 */
export class BucketSet implements Bucket {
  readonly #buckets: readonly TokenBucket[];
  readonly #notices: Notice[] = [];
  /** The first listener that wants a notice, while it is called. */
  #told: Notice | undefined;

  /**
   * Puts buckets together.
   *
   * @param buckets One at least.
   */
  constructor(buckets: readonly TokenBucket[]) {
    this.#buckets = buckets;
  }

  /** How many tokens the emptiest of the buckets holds now, with the fraction. */
  get available(): number {
    return Math.min(...this.#buckets.map(({ available }) => available));
  }

  /** Whether all of the buckets are full. */
  get isFull(): boolean {
    return this.#buckets.every(({ available, burst }) => available >= burst);
  }

  /** Whether {@linkcode BucketSet.tryTake} would take tokens now. */
  canTake(n = 1): boolean {
    const isFree = this.#notices.length === 0 || this.#told !== undefined;
    return isFree && this.#buckets.every((bucket) => bucket.canTake(n));
  }

  tryTake(n = 1): boolean {
    if (!this.canTake(n)) return false;
    for (const bucket of this.#buckets) bucket.tryTake(n);
    return true;
  }

  notify(listener: () => void, n = 1): Disposable {
    const notice: Notice = { listener, tokens: n, wait: undefined };
    this.#notices.push(notice);
    if (this.#notices.length === 1) this.#await(notice);
    return {
      [Symbol.dispose]: () => {
        const index = this.#notices.indexOf(notice);
        if (index === -1) return;
        this.#notices.splice(index, 1);
        notice.wait?.[Symbol.dispose]();
        if (index === 0 && this.#notices.length > 0) this.#await(this.#notices[0]!);
      },
    };
  }

  /** Waits for the buckets one after the other: for one that has nothing, until all of them have something. */
  #await(notice: Notice): void {
    const empty = this.#buckets.find((bucket) => !bucket.canTake(notice.tokens)) ?? this.#buckets[0]!;
    notice.wait = empty.notify(() => {
      notice.wait = undefined;
      if (!this.#buckets.every((bucket) => bucket.canTake(notice.tokens))) return this.#await(notice);
      this.#tell(notice);
    }, notice.tokens);
  }

  #tell(notice: Notice): void {
    this.#notices.shift();
    this.#told = notice;
    try {
      notice.listener();
    } finally {
      this.#told = undefined;
      if (this.#notices.length > 0 && this.#notices[0]!.wait === undefined) this.#await(this.#notices[0]!);
    }
  }

  pauseFor(delayMs: number): void {
    for (const bucket of this.#buckets) bucket.pauseFor(delayMs);
  }
}

/** A listener for the moment at which it is worth asking again. */
interface Notice {
  readonly listener: () => void;
  readonly tokens: number;
  /** The notice of the bucket that it waits for. */
  wait: Disposable | undefined;
}

/**
 * Several token buckets as one.
 *
 * @module
 */

import type { Bucket } from "./bucket.ts";
import "./dispose_symbols.ts";
import type { TokenBucket } from "./token_bucket.ts";

/**
 * Takes tokens from all of several buckets, or from none: for rate limits that apply together, such as 20 per second and 100 per
 * ten seconds. Nothing but the set should wait for these buckets.
 */
export class BucketSet implements Bucket {
  readonly #buckets: readonly TokenBucket[];
  readonly #notices: Notice[] = [];
  /** The notice whose listener is running. */
  #told: Notice | undefined;

  /**
   * Creates a set of buckets.
   *
   * @param buckets The buckets: at least one.
   */
  constructor(buckets: readonly TokenBucket[]) {
    this.#buckets = buckets;
  }

  /** How many tokens the emptiest bucket holds now, with the fraction. */
  get available(): number {
    return Math.min(...this.#buckets.map(({ available }) => available));
  }

  /** Whether all buckets are full. */
  get isFull(): boolean {
    return this.#buckets.every(({ available, burst }) => available >= burst);
  }

  /** Returns whether {@linkcode BucketSet.tryTake} would take tokens now. */
  canTake(n = 1): boolean {
    const isFree = this.#notices.length === 0 || this.#told !== undefined;
    // Ask the buckets in any case: one whose timer is lost notices it.
    return this.#buckets.every((bucket) => bucket.canTake(n)) && isFree;
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

  /** Waits until all buckets have the tokens: for one bucket that lacks them, then for the next one that does. */
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

/** A call of `notify`. */
interface Notice {
  readonly listener: () => void;
  readonly tokens: number;
  /** The registration at the bucket that the notice waits for. */
  wait: Disposable | undefined;
}

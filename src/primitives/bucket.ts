/**
 * The contract of a token bucket that limits the rate of a client; the bucket may be local or shared with other processes.
 *
 * @module
 */

/**
 * Hands out tokens, one for each unit of work. {@linkcode TokenBucket} is one; a bucket that other processes share keeps a
 * few tokens here and fetches more in the background.
 *
 * A caller never holds a token while it waits for something else: it takes the token last, when it has everything else. If the
 * bucket has none then, the caller asks to be notified.
 */
export interface Bucket {
  /**
   * Takes tokens if the bucket has them now and no earlier caller waits.
   *
   * @param n How many. @default {1}
   * @returns Whether they were taken.
   */
  tryTake(n?: number): boolean;
  /**
   * Returns whether `tryTake` would take tokens now. A caller that needs several buckets checks them with it, to take tokens from
   * all of them or from none. At most one of the several buckets may lack this method.
   *
   * @param n How many. @default {1}
   */
  canTake?(n?: number): boolean;
  /**
   * Calls a listener once, when another `tryTake` is likely to succeed. Listeners are called in the order in which they were
   * added. While it runs, the listener may call `tryTake` ahead of callers that still wait; it need not.
   *
   * @param listener Called synchronously; it must not throw.
   * @param n How many tokens the listener wants. @default {1}
   * @returns A disposable that removes the listener.
   */
  notify(listener: () => void, n?: number): Disposable;
  /**
   * Holds back all grants for a while, as after a "too many requests" response. A later call can make the pause longer, but not
   * shorter.
   *
   * @param delayMs How long from now, in milliseconds.
   */
  pauseFor?(delayMs: number): void;
}

/**
 * Returns whether a bucket is known to be full: it says so by `isFull`, or by `available` and `burst`. A bucket with none of
 * these members counts as not full.
 */
export function isFull(bucket: Bucket): boolean {
  const { isFull, available, burst } = bucket as {
    readonly isFull?: boolean;
    readonly available?: number;
    readonly burst?: number;
  };
  return isFull ?? (available !== undefined && burst !== undefined && available >= burst);
}

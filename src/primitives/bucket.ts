/**
 * The contract of a bucket of tokens: what limits the rate of a client, in this process or in another.
 *
 * @module
 */

/**
 * Hands out tokens, one for each unit of work. {@linkcode TokenBucket} is one; a bucket that other processes share keeps a
 * few tokens here and fetches more in the background.
 *
 * No caller holds a token while it waits for something else: it asks for one when everything else is there, and if
 * there is none, asks to be notified.
 */
export interface Bucket {
  /**
   * Takes tokens if they are there now, and no earlier caller waits.
   *
   * @param n How many. @default {1}
   * @returns Whether they were taken.
   */
  tryTake(n?: number): boolean;
  /**
   * Whether `tryTake` would take tokens now, so that tokens of several buckets can be taken together or not at all. Only one of several
   * buckets may lack it.
   *
   * @param n How many. @default {1}
   */
  canTake?(n?: number): boolean;
  /**
   * Calls a listener once, when it is worth asking again. Listeners are called in the order in which they came. While it
   * runs, the listener has the first right to `tryTake`, ahead of callers that still wait; it need not use it.
   *
   * @param listener Called synchronously; it must not throw.
   * @param n How many tokens are wanted. @default {1}
   * @returns Takes the listener back when disposed.
   */
  notify(listener: () => void, n?: number): Disposable;
  /**
   * Holds back all grants for a while, as after a "too many requests". A pause may be made longer, but not shorter.
   *
   * @param delayMs How long from now, in milliseconds.
   */
  pauseFor?(delayMs: number): void;
}

/** Whether a bucket is known to be full; one of which nothing is known beyond the contract may not be. */
export function isFull(bucket: Bucket): boolean {
  const { isFull, available, burst } = bucket as {
    readonly isFull?: boolean;
    readonly available?: number;
    readonly burst?: number;
  };
  return isFull ?? (available !== undefined && burst !== undefined && available >= burst);
}

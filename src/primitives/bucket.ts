/**
 * The contract of a bucket of tokens: what limits the rate of a client, in this process or in another.
 *
 * @module
 */

/**
 * Hands out tokens, one for each unit of work. {@linkcode TokenBucket} is one; a bucket that other processes share keeps a
 * few tokens here and fetches more in the background.
 *
 * Nobody holds a token while waiting for something else: who wants one asks when everything else is there, and if there
 * is none, asks to be notified.
 */
export interface Bucket {
  /**
   * Takes tokens if they are there now, and nobody waits who came before.
   *
   * @param n How many. @default {1}
   * @returns Whether they were taken.
   */
  tryTake(n?: number): boolean;
  /**
   * Calls a listener once, when it is worth asking again. Listeners are called in the order in which they came. While it
   * runs, the listener has the first right to `tryTake`, ahead of those who still wait; it need not use it.
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

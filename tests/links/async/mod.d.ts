/** The public types of the `@std/async` modules in this folder, which their npm release leaves out. @module */

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Rejects the delay with its reason. */
  signal?: AbortSignal;
  /** Whether the timer keeps the process alive; `true` by default, `false` has an effect on Deno only. */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds. */
export declare function delay(ms: number, options?: DelayOptions): Promise<void>;

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Rejects the result with its reason. */
  signal?: AbortSignal;
}

/** Settles as `p` does, or rejects with a `TimeoutError` after `ms` milliseconds. */
export declare function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;

/** Settles as `p` does, or rejects with the signal's reason. */
export declare function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** Yields what `p` yields, until the signal aborts: then throws its reason. */
export declare function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;

/** Maps an iterable with at most `poolLimit` calls under way; results come in input order. */
export declare function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R>;

/** Thrown by {@linkcode retry} after the last attempt; its cause is that attempt's error. */
export declare class RetryError extends Error {
  constructor(cause: unknown, attempts: number);
}

/** Options for {@linkcode retry}. */
export interface RetryOptions {
  /** The factor of one backoff to the one before it: 2. */
  multiplier?: number;
  /** The longest backoff, in milliseconds: 60,000. */
  maxTimeout?: number;
  /** How many attempts are made at most: 5. */
  maxAttempts?: number;
  /** The first backoff, in milliseconds: 1,000. */
  minTimeout?: number;
  /** The part of the backoff that is random, 0 to 1: 1. */
  jitter?: number;
  /** Whether an error is worth another attempt; all are by default. */
  isRetriable?: (err: unknown) => boolean;
  /** Stops before the next attempt, and during a backoff. */
  signal?: AbortSignal;
}

/** Calls `fn` until it succeeds, with an exponential backoff between attempts. */
export declare function retry<T>(fn: (() => Promise<T>) | (() => T), options?: RetryOptions): Promise<T>;

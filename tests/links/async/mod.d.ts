/** The public types of the `@std/async` modules in this folder, which their npm release leaves out. @module */

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** A signal; its abort rejects the delay with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the timer keeps the process alive; `true` by default, `false` has an effect on Deno only. */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds. */
export declare function delay(ms: number, options?: DelayOptions): Promise<void>;

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** A signal; its abort rejects the result with the signal's reason. */
  signal?: AbortSignal;
}

/** Settles as `p` does, or rejects with a `TimeoutError` after `ms` milliseconds. */
export declare function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;

/** Settles as `p` does, or rejects with the signal's reason. */
export declare function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** Yields the items of `p` until the signal aborts, and then throws the signal's reason. */
export declare function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;

/** Maps an iterable with at most `poolLimit` calls at once; yields the results in input order. */
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
  /** The factor between two backoffs; 2 by default. */
  multiplier?: number;
  /** The longest backoff, in milliseconds; 60,000 by default. */
  maxTimeout?: number;
  /** The most attempts; 5 by default. */
  maxAttempts?: number;
  /** The first backoff, in milliseconds; 1,000 by default. */
  minTimeout?: number;
  /** The random share of the backoff, from 0 to 1; 1 by default. */
  jitter?: number;
  /** Returns whether to retry after an error; by default every error is retried. */
  isRetriable?: (err: unknown) => boolean;
  /** A signal; its abort stops the retries before the next attempt, or during a backoff. */
  signal?: AbortSignal;
}

/** Calls `fn` until it succeeds, with an exponential backoff between attempts. */
export declare function retry<T>(fn: (() => Promise<T>) | (() => T), options?: RetryOptions): Promise<T>;

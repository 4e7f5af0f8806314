/**
 * A promise that is settled from outside.
 *
 * @module
 */

/** A promise, and the functions that settle it. */
export interface Deferred<T> {
  /** The promise. */
  readonly promise: Promise<T>;
  /** Fulfils the promise, unless it is settled. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise, unless it is settled. */
  readonly reject: (reason?: unknown) => void;
}

/** Returns the same as `Promise.withResolvers`. Node 20 lacks that function, and this one is faster on V8 and on JavaScriptCore. */
export function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>["resolve"];
  let reject!: Deferred<T>["reject"];
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/**
 * Returns the same for a promise that another incoming request may settle, in a worker at the edge. There, callbacks of the
 * promise have to run for the request that created it. When V8 has optimized `new Promise`, the runtime loses track of that
 * request; with `Promise.withResolvers` it never does.
 */
export function deferredAcrossRequests<T>(): Deferred<T> {
  return Promise.withResolvers<T>?.() ?? deferred<T>();
}

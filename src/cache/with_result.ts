/**
 * Continuations of calls that may fail and may be asynchronous. A continuation of a synchronous call runs at once.
 *
 * @module
 */

import type { MaybePromise } from "./cache.ts";

/** The result of a call: its value or its error. */
export type Result<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Makes a call and passes its result to a continuation: at once, if the call was synchronous.
 *
 * @param call The call; it may throw or reject.
 * @param next The continuation.
 * @returns The result of `next`, or a promise of it.
 */
export function withResult<T, U>(
  call: () => MaybePromise<T>,
  next: (result: Result<T>) => MaybePromise<U>,
): MaybePromise<U> {
  let value: MaybePromise<T>;
  try {
    value = call();
  } catch (error) { // handed on
    return next({ error });
  }
  return isPromise(value)
    ? value.then((value) => next({ value }), (error) => next({ error }))
    : next({ value });
}

/** Makes several calls at once and passes all results to a continuation; see {@linkcode withResult}. */
export function withResults<T, U>(
  calls: readonly (() => MaybePromise<T>)[],
  next: (results: readonly Result<T>[]) => MaybePromise<U>,
): MaybePromise<U> {
  const results = calls.map((call) => withResult(call, (result) => result));
  return results.some(isPromise) ? Promise.all(results).then(next) : next(results as Result<T>[]);
}

/** Returns whether a value is a promise. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}

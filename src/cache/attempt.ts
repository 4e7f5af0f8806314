/**
 * Calls that may fail and may take time, without failing or taking time when they need not.
 *
 * @module
 */

import type { MaybePromise } from "./cache.ts";

/** What became of a call. */
export type Attempt<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Makes a call and goes on with what became of it: at once, if the call was synchronous.
 *
 * @param call The call; it may throw or reject.
 * @param next What comes after it.
 * @returns What `next` gives, or a promise of it.
 */
export function attempt<T, U>(
  call: () => MaybePromise<T>,
  next: (result: Attempt<T>) => MaybePromise<U>,
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

/** Makes several calls at once and goes on with what became of all of them; see {@linkcode attempt}. */
export function attemptAll<T, U>(
  calls: readonly (() => MaybePromise<T>)[],
  next: (results: readonly Attempt<T>[]) => MaybePromise<U>,
): MaybePromise<U> {
  const results = calls.map((call) => attempt(call, (result) => result));
  return results.some(isPromise) ? Promise.all(results).then(next) : next(results as Attempt<T>[]);
}

/** Whether something has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}

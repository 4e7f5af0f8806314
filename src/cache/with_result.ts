/**
 * What comes after a call that may fail and may take time: at once where the call takes none.
 *
 * @module
 */

import type { MaybePromise } from "./cache.ts";

/** What became of a call: what it gave, or what it threw. */
export type Result<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Makes a call and goes on with what became of it: at once, if the call was synchronous.
 *
 * @param call The call; it may throw or reject.
 * @param next What comes after it.
 * @returns What `next` gives, or a promise of it.
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

/** Makes several calls at once and goes on with what became of all of them; see {@linkcode withResult}. */
export function withResults<T, U>(
  calls: readonly (() => MaybePromise<T>)[],
  next: (results: readonly Result<T>[]) => MaybePromise<U>,
): MaybePromise<U> {
  const results = calls.map((call) => withResult(call, (result) => result));
  return results.some(isPromise) ? Promise.all(results).then(next) : next(results as Result<T>[]);
}

/** Whether something has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}

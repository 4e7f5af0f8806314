/**
 * What becomes of promises.
 *
 * @module
 */

import { AssertionError } from "@std/assert";

/** How a promise has ended, as far as its reactions have run. */
export interface Settled<T> {
  state: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
}

/** Watches a promise, whose rejection then counts as handled. */
export function watch<T>(promise: PromiseLike<T>): Settled<T> {
  const settled: Settled<T> = { state: "pending" };
  promise.then((value) => {
    settled.state = "fulfilled";
    settled.value = value;
  }, (error) => {
    settled.state = "rejected";
    settled.error = error;
  });
  return settled;
}

/** What a promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError(`Expected a rejection: resolved with ${String(value)}`);
}

/** A promise with its two ends. */
export interface Gate {
  readonly promise: Promise<void>;
  readonly open: () => void;
}

/** Something to wait for. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: () => resolve() };
}

/**
 * Observes how promises settle.
 *
 * @module
 */

import { AssertionError } from "@std/assert";

/** The state of a promise, as far as its reactions have run. */
export interface Settled<T> {
  state: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
}

/** Watches a promise. Its rejection then counts as handled. */
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

/**
 * Returns the reason with which a promise rejects.
 *
 * @throws {AssertionError} If the promise fulfils.
 */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError(`Expected a rejection: resolved with ${String(value)}`);
}

/** A promise, and the function that resolves it. */
export interface Gate {
  readonly promise: Promise<void>;
  readonly open: () => void;
}

/** Creates a promise that the test resolves with `open`. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: () => resolve() };
}

/**
 * What has become of a promise by now.
 *
 * @module
 */

/** A promise's state, as far as its reactions have run. */
export interface TrackedPromise<T> {
  state: "pending" | "fulfilled" | "rejected";
  value: T | undefined;
  reason: unknown;
}

/** Watches a promise; its rejection counts as handled. */
export function track<T>(promise: Promise<T>): TrackedPromise<T> {
  const tracked: TrackedPromise<T> = { state: "pending", value: undefined, reason: undefined };
  promise.then((value) => {
    tracked.state = "fulfilled";
    tracked.value = value;
  }, (reason) => {
    tracked.state = "rejected";
    tracked.reason = reason;
  });
  return tracked;
}

/** Waits for a number of microtasks. */
export async function microtasks(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await null;
}

/**
 * Waiting that a signal ends.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { type Clock, timerDelay } from "../primitives/clock.ts";

/**
 * Waits for a promise, or for a signal.
 *
 * @param promise The promise; what it rejects with after the signal is dropped.
 * @param signal The signal.
 * @returns What the promise gives.
 * @throws {unknown} Rejects with what the promise rejects with, and with the signal's reason.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {}); // its caller waits no more
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const target: AbortTarget = { onAbort: () => reject(signal.reason) };
    addAbortListener(signal, target);
    promise.finally(() => removeAbortListener(signal, target)).then(resolve, reject);
  });
}

/**
 * Waits for some time, or for a signal; leaves no timer behind.
 *
 * @param ms How long, in milliseconds; `Infinity` for the signal alone.
 * @param around The clock, and the signal.
 * @throws {unknown} Rejects with the signal's reason.
 */
export async function sleep(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const dueAtMs = clock.now() + ms;
  let timer: unknown;
  const wake = (resolve: () => void): void => {
    const leftMs = dueAtMs - clock.now();
    if (leftMs <= 0) resolve();
    else if (ms !== Infinity) timer = clock.setTimeout(() => wake(resolve), timerDelay(leftMs));
  };
  try {
    await abortable(new Promise<void>((resolve) => signal.aborted || wake(resolve)), signal);
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer);
  }
}

/**
 * Waits that a signal can end.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { type Clock, timerDelay } from "../primitives/clock.ts";

/**
 * Waits for a promise until a signal aborts.
 *
 * @param promise The promise; its rejection after an abort is ignored.
 * @param signal The signal.
 * @returns The promise's value.
 * @throws {unknown} Rejects with the promise's reason, or with the signal's reason.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {}); // the caller no longer waits for it
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const target: AbortTarget = { onAbort: () => reject(signal.reason) };
    addAbortListener(signal, target);
    promise.finally(() => removeAbortListener(signal, target)).then(resolve, reject);
  });
}

/**
 * Waits for some time or until a signal aborts; leaves no timer behind.
 *
 * @param ms How long to wait, in milliseconds; `Infinity` waits for the signal alone.
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

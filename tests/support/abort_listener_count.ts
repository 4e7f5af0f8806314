/**
 * How many listeners an abort signal has.
 *
 * @module
 */

/** Counts the abort listeners that are added from now on: now, and at most at once. */
export function countAbortListeners(signal: AbortSignal): { now: number; most: number } {
  const count = { now: 0, most: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject): void => {
    count.now++;
    count.most = Math.max(count.most, count.now);
    addEventListener.call(signal, type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject): void => {
    count.now--;
    removeEventListener.call(signal, type, listener);
  };
  return count;
}

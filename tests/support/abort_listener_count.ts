/**
 * Counts the listeners of an abort signal.
 *
 * @module
 */

/**
 * Counts the listeners that are added to a signal from now on: `now` is their current number, `most` the highest number so
 * far.
 */
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

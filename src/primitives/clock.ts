/**
 * Time, as something that is handed in: the system's by default, a manual one in tests.
 *
 * @module
 */

/** What `Clock.setTimeout` returns; only good for `Clock.clearTimeout` of the same clock. */
export type TimerHandle = unknown;

/** A source of time and timers. */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions; never goes back. */
  now(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z, as the machine believes. */
  wallNow(): number;
  /**
   * Calls `callback` once, not before `delayMs` milliseconds have passed, or {@linkcode MAX_TIMER_MS} if that is
   * less: for a longer wait, look at `now()` and arm again. The timer keeps the process alive.
   */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  /** Forgets a timer; does nothing for one that has fired. */
  clearTimeout(handle: TimerHandle): void;
  /**
   * Starts work that has a deadline on this clock, but may take real time, such as reading a file. A clock that is moved by hand
   * waits for it; others have no use for this.
   */
  hold?<T>(work: () => T): T;
}

/** The longest delay of one timer, in milliseconds: above it every runtime's `setTimeout` fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The shortest wait, in milliseconds: what rounding leaves over is none, for where it does not move the clock it would never end. */
export const SHORTEST_WAIT_MS = 1e-3;

/**
 * A delay as a caller's own clock may be given it: never negative, and within one timer's range, since such a clock may pass it on to
 * the runtime as it is. For a longer wait, arm it again.
 *
 * @param delayMs The delay; what is due already may be late.
 * @returns Milliseconds from 0 to {@linkcode MAX_TIMER_MS}.
 */
export function timerDelay(delayMs: number): number {
  return Math.min(Math.max(0, delayMs), MAX_TIMER_MS);
}

/** The machine's clocks and timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, clampDelay(delayMs)),
  clearTimeout: (handle) => clearTimeout(handle as number),
};

/** Rounds a delay up to a whole millisecond, so that no timer fires early, and keeps it within one timer's range. */
function clampDelay(delayMs: number): number {
  if (delayMs > 0) return Math.min(Math.ceil(delayMs), MAX_TIMER_MS);
  return 0;
}

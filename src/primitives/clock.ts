/**
 * Time as a dependency: the system's clock by default, a manual clock in tests.
 *
 * @module
 */

/** The result of `Clock.setTimeout`, to pass to `Clock.clearTimeout` of the same clock. */
export type TimerHandle = unknown;

/** A source of time and timers. */
export interface Clock {
  /** Returns the milliseconds since some fixed moment, with fractions; never goes back. */
  now(): number;
  /** Returns the milliseconds since 1970-01-01T00:00:00Z, according to the machine. */
  wallNow(): number;
  /**
   * Calls `callback` once, not before `delayMs` milliseconds have passed, or {@linkcode MAX_TIMER_MS} if that is less. For a
   * longer wait, the callback must check `now()` and set another timer. The timer keeps the process alive.
   */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  /** Cancels a timer; does nothing for one that has fired. */
  clearTimeout(handle: TimerHandle): void;
  /**
   * Starts work that has a deadline on this clock but may take real time, such as reading a file. A manual clock waits for the
   * work before it moves on; other clocks don't need this method.
   */
  hold?<T>(work: () => T): T;
}

/** The longest delay of one timer, in milliseconds: with a longer one, every runtime's `setTimeout` fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The shortest wait, in milliseconds. A rounding error must not become a wait: if it is too short to move the clock, it never ends. */
export const SHORTEST_WAIT_MS = 1e-3;

/** How late a timer may be, in milliseconds, before it counts as lost, as when a test ends the fake timers that it ran on. */
export const LOST_AFTER_MS = 1_000;

/**
 * Limits a delay to the range of one timer. A clock that the user provides may pass it on to the runtime unchanged, so the delay
 * must be neither negative nor too long. For a longer wait, the caller has to set another timer afterwards.
 *
 * @param delayMs The delay; negative if the deadline is past.
 * @returns Milliseconds from 0 to {@linkcode MAX_TIMER_MS}.
 */
export function timerDelay(delayMs: number): number {
  return Math.min(Math.max(0, delayMs), MAX_TIMER_MS);
}

/** The clock that uses the machine's time and timers. */
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

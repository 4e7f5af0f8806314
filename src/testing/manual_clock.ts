/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import { argumentError, assertNonNegative, assertOptions } from "../primitives/argument_checks.ts";
import { BinaryHeap, type HeapItem } from "../primitives/binary_heap.ts";
import { type Clock, MAX_TIMER_MS, type TimerHandle } from "../primitives/clock.ts";
import { BODIES_TAKE_TURNS, eventLoopTurn } from "./event_loop_turn.ts";

/** Options of {@linkcode ManualClock}. */
export interface ManualClockOptions {
  /**
   * The first value of `now()`, in milliseconds.
   *
   * @default {0}
   */
  readonly nowMs?: number | undefined;
  /**
   * The first value of `wallNow()`, in milliseconds since 1970-01-01T00:00:00Z.
   *
   * @default {1_767_225_600_000} which is 2026-01-01T00:00:00Z
   */
  readonly wallMs?: number | undefined;
  /**
   * How long {@linkcode ManualClock.run} waits for work that this clock does not drive (a socket, a file, a digest), once no
   * timer is armed; in milliseconds of real time. Only a test that hangs waits that long. Time during which the whole process
   * stands still, as on a busy machine, does not count.
   *
   * @default {1_000}
   */
  readonly stalledAfterMs?: number | undefined;
}

interface Timer extends HeapItem {
  readonly dueMs: number;
  /** The number of the timer in the order of arming; of timers due at one moment, the lowest number fires first. */
  readonly sequence: number;
  readonly callback: () => void;
}

const ACTION = "create manual clock";
const NAMES: readonly (keyof ManualClockOptions)[] = ["nowMs", "wallMs", "stalledAfterMs"];

const NEW_YEAR_2026_MS = 1_767_225_600_000;

/** How many steps the clock stands still for held work at first; halved each time that some work takes longer. */
const FIRST_HELD_STEPS = 100;

/** How many turns of the event loop run at full speed before the clock waits in steps. */
const FAST_TURNS = 200;

/**
 * The length of a step in real milliseconds; a busy machine may take longer. The clock counts steps instead of time: if the
 * process stood still for a while, the next step still sees the work that has ended meanwhile.
 */
const STEP_MS = 1;

/**
 * A {@linkcode Clock} for tests: time passes only in {@linkcode ManualClock.advance} and {@linkcode ManualClock.run}, and an hour
 * of it takes no real time. The fake timers of a test framework work for a client only if they fake `performance.now` as well, or
 * if the client's `clock` is `{ ...systemClock, now: () => Date.now() }`.
 *
 * Before, between and after timers the clock lets the event loop turn, so that every promise reaction that is due has run: the
 * effects of one timer are visible before the next one fires. In browsers bodies of responses take real time; the clock waits for
 * small bodies, and for larger ones in {@linkcode ManualClock.hold}.
 *
 * @example An hour of waiting takes no time
 * ```ts
 * import { ManualClock } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new ManualClock();
 * const hour = new Promise<string>((resolve) => clock.setTimeout(() => resolve("an hour later"), 3_600_000));
 *
 * assertEquals(await clock.run(hour), "an hour later");
 * assertEquals(clock.now(), 3_600_000);
 * ```
 */
export class ManualClock implements Clock {
  /**
   * The time since the start, as timers see it; `jump` and `setWall` change only the offsets that `now()` and `wallNow()` add to
   * it.
   */
  #elapsedMs = 0;
  #nowOffsetMs: number;
  #wallOffsetMs: number;
  readonly #stalledAfterMs: number;
  readonly #timers = new BinaryHeap<Timer>(isBefore);
  #sequence = 0;
  /** How often `now()` was called. */
  #readings = 0;
  /** The held work that the clock stands still for, with the number of steps left for each. */
  readonly #held = new Map<PromiseLike<unknown>, number>();
  /** How many steps the clock stands still for work that is held from now on. */
  #nextHeldSteps = FIRST_HELD_STEPS;

  /**
   * Creates a clock.
   *
   * @throws {TypeError} If the options are no object, one does not exist, or a time is no number.
   * @throws {RangeError} If a time is not finite, or `stalledAfterMs` is negative.
   */
  constructor(options: ManualClockOptions = {}) {
    assertOptions(ACTION, options);
    assertKnownOptions(ACTION, options, NAMES);
    const { nowMs = 0, wallMs = NEW_YEAR_2026_MS, stalledAfterMs = 1_000 } = options;
    assertFinite(ACTION, "nowMs", nowMs);
    assertFinite(ACTION, "wallMs", wallMs);
    assertNonNegative(ACTION, "stalledAfterMs", stalledAfterMs);
    this.#nowOffsetMs = nowMs;
    this.#wallOffsetMs = wallMs;
    this.#stalledAfterMs = stalledAfterMs;
  }

  /** Returns the time in milliseconds, as far as the clock has been moved. */
  now(): number {
    this.#readings++;
    return this.#nowOffsetMs + this.#elapsedMs;
  }

  /** Returns the milliseconds since 1970-01-01T00:00:00Z, as far as the clock has been moved or set. */
  wallNow(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  /** Arms a timer; the delay is clamped to the range of a system timer. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const delay = delayMs > 0 ? Math.min(delayMs, MAX_TIMER_MS) : 0;
    const timer = { dueMs: this.#elapsedMs + delay, sequence: this.#sequence++, callback, heapIndex: -1 };
    this.#timers.push(timer);
    return timer;
  }

  /** Disarms a timer; does nothing if it has fired. */
  clearTimeout(handle: TimerHandle): void {
    if (handle !== undefined && handle !== null) this.#timers.remove(handle as Timer);
  }

  /**
   * Starts work that takes real time, and makes the clock stand still until the work has ended, but at most for about a tenth of
   * a real second (longer on a busy machine). Each time that work exceeds this limit, the limit for later work is halved. Work
   * that arms a timer of this clock at its start does not count as work that takes real time.
   *
   * @param work Starts the work.
   * @returns The result of `work`; the clock stands still only if it is a promise.
   */
  hold<T>(work: () => T): T {
    const sequence = this.#sequence;
    const result = work();
    if (sequence !== this.#sequence || !isPromiseLike(result)) return result;
    const forget = () => void this.#held.delete(result);
    this.#held.set(result, this.#nextHeldSteps);
    result.then(forget, forget);
    return result;
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves the clock on, and fires the timers that become due on the way: in the order of their times, and in the order of arming
   * if the times are equal. Each timer sees its own due time as `now()`.
   *
   * @param ms How far, in milliseconds.
   * @returns A promise that resolves when all due timers have fired and the event loop is quiet.
   * @throws {RangeError} If `ms` is negative or not finite.
   * @throws {unknown} Rejects, with the error of a timer that throws; the clock stops at its time, and later timers stay armed.
   */
  async advance(ms: number): Promise<void> {
    assertNonNegative("advance manual clock", "ms", ms);
    const targetMs = this.#elapsedMs + ms;
    await this.#quiet();
    for (
      let next = this.#timers.peek();
      next !== undefined && next.dueMs <= targetMs;
      next = this.#timers.peek()
    ) {
      this.#fire(next);
      await this.#quiet();
    }
    // A concurrent `advance` or `run` may have moved the clock further. Time never goes back.
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }

  /**
   * Moves the clock from timer to timer until a promise settles.
   *
   * Real work (sockets, files, digests) runs in real time beside the clock. While timers are armed, the clock waits only for work
   * that it holds for, as it does for the caches of a client. With no timer armed it waits `stalledAfterMs` of real time, and
   * then gives up.
   *
   * @param promise The promise to wait for.
   * @returns The promise's value.
   * @throws {Error} If the promise is still pending, and no timer is armed that could settle it.
   * @throws {unknown} The reason with which the promise rejects, or the error of a timer that throws.
   */
  async run<T>(promise: PromiseLike<T>): Promise<T> {
    let settled = false;
    const outcome = Promise.resolve(promise).finally(() => settled = true);
    // Until `outcome` is returned below it has no handler, and its rejection would be reported as unhandled.
    outcome.catch(() => {});
    await this.#quiet();
    while (!settled) {
      const next = this.#timers.peek();
      if (next !== undefined) {
        this.#fire(next);
        await this.#quiet();
      } else if (!await this.#waitForOthers(() => settled)) {
        throw new Error(
          "Cannot run manual clock as no timer is armed and the promise is still pending: it waits for something " +
            "that never happens, for another clock, or for real work that takes longer than " +
            `${this.#stalledAfterMs} ms`,
        );
      }
    }
    return outcome;
  }

  /**
   * Sets the value of `wallNow()`, as if the machine's date were corrected. Timers and `now()` are not affected.
   *
   * @throws {RangeError} If `wallMs` is not finite.
   */
  setWall(wallMs: number): void {
    assertFinite("set manual clock", "wallMs", wallMs);
    this.#wallOffsetMs = wallMs - this.#elapsedMs;
  }

  /**
   * Shifts the value of `now()` and nothing else: no timer fires, and armed timers keep the delay they have left. A negative `ms`
   * simulates a broken clock that goes back.
   *
   * @throws {RangeError} If `ms` is not finite.
   */
  jump(ms: number): void {
    assertFinite("jump manual clock", "ms", ms);
    this.#nowOffsetMs += ms;
  }

  /** Lets the event loop turn until all due reactions have run, and no held work is left. */
  async #quiet(): Promise<void> {
    let readings: number;
    do {
      readings = this.#readings;
      await eventLoopTurn();
      // Code that has received a body reads the clock, and may wait for another body. So turn again if the clock was read.
    } while (BODIES_TAKE_TURNS && readings !== this.#readings);
    for (let turn = 0; this.#held.size > 0; turn++) {
      await nextTurn(turn);
      if (turn >= FAST_TURNS) this.#takeHeldStep();
    }
  }

  /** Takes a step from all held work. The clock does not stand still for work without steps left any more. */
  #takeHeldStep(): void {
    const before = this.#held.size;
    for (const [work, steps] of this.#held) {
      if (steps > 1) this.#held.set(work, steps - 1);
      else this.#held.delete(work);
    }
    const hasGivenUp = this.#held.size < before;
    // Later work may take as long, so that a test with much of it would be slow.
    if (hasGivenUp) this.#nextHeldSteps /= 2;
  }

  #fire(timer: Timer): void {
    this.#timers.remove(timer);
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
    timer.callback();
  }

  /** Waits in real time until the promise settles or a timer is armed; `false` if neither happens within `stalledAfterMs`. */
  async #waitForOthers(settled: () => boolean): Promise<boolean> {
    for (let turn = 0; !settled() && this.#timers.size === 0; turn++) {
      if ((turn - FAST_TURNS) * STEP_MS >= this.#stalledAfterMs) return false;
      await nextTurn(turn);
    }
    return true;
  }
}

/** Waits for one turn of the event loop during the first turns, and for a step afterwards. */
function nextTurn(turn: number): Promise<void> {
  return turn < FAST_TURNS ? eventLoopTurn() : new Promise((resolve) => setTimeout(resolve, STEP_MS));
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then === "function";
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

function assertFinite(action: string, name: string, value: number): void {
  if (!Number.isFinite(value)) throw argumentError(action, name, "a finite number", value);
}

/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import { argumentError, assertNonNegative } from "../primitives/argument_checks.ts";
import { BinaryHeap, type HeapItem } from "../primitives/binary_heap.ts";
import { type Clock, MAX_TIMER_MS, type TimerHandle } from "../primitives/clock.ts";
import { BODIES_TAKE_TURNS, eventLoopTurn } from "./event_loop_turn.ts";

/** Options of {@linkcode ManualClock}. */
export interface ManualClockOptions {
  /**
   * What `now()` says at first, in milliseconds.
   *
   * @default {0}
   */
  readonly nowMs?: number | undefined;
  /**
   * What `wallNow()` says at first, in milliseconds since 1970-01-01T00:00:00Z.
   *
   * @default {1_767_225_600_000} which is 2026-01-01T00:00:00Z
   */
  readonly wallMs?: number | undefined;
  /**
   * How long {@linkcode ManualClock.run} waits for work that this clock does not drive (a socket, a file, a digest),
   * in milliseconds of real time, once no timer is armed. Only a test that hangs waits that long. Time in which the whole process
   * stands still, as on a busy machine, does not count.
   *
   * @default {1_000}
   */
  readonly stalledAfterMs?: number | undefined;
}

interface Timer extends HeapItem {
  readonly dueMs: number;
  /** Which of the timers due at one moment was armed first. */
  readonly sequence: number;
  readonly callback: () => void;
}

const NEW_YEAR_2026_MS = 1_767_225_600_000;

/** So many steps the clock stands still for work that it was told of, until that was in vain. */
const HELD_STEPS = 100;

/** Turns of the event loop that are taken at full speed before waiting in steps. */
const FAST_TURNS = 200;

/**
 * A step is a real millisecond, or what a busy machine makes of it. Steps are counted, and not the time: a process that stood still
 * for a while finds what has ended meanwhile in the next step.
 */
const STEP_MS = 1;

/**
 * A {@linkcode Clock} for tests: time passes only in {@linkcode ManualClock.advance} and {@linkcode ManualClock.run},
 * and an hour of it costs nothing. The fake timers of a test framework will do for a client only if they fake `performance.now` as well.
 *
 * Before, between and after timers the clock lets the event loop turn, so that every promise reaction that is due has
 * run: what a timer starts is seen before the next timer fires. In browsers bodies of responses take real time; the clock waits for
 * small ones, and for others in {@linkcode ManualClock.hold}.
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
  /** Time since the start as timers see it; `jump` and `setWall` change only what the two readings add to it. */
  #elapsedMs = 0;
  #nowOffsetMs: number;
  #wallOffsetMs: number;
  readonly #stalledAfterMs: number;
  readonly #timers = new BinaryHeap<Timer>(isBefore);
  #sequence = 0;
  /** How often somebody has asked for the time. */
  #readings = 0;
  /** The work that the clock stands still for, and for how many steps more. */
  readonly #held = new Map<PromiseLike<unknown>, number>();
  #heldSteps = HELD_STEPS;

  /**
   * Creates a clock.
   *
   * @throws {RangeError} If a time is not finite, or `stalledAfterMs` is negative.
   */
  constructor(options: ManualClockOptions = {}) {
    const { nowMs = 0, wallMs = NEW_YEAR_2026_MS, stalledAfterMs = 1_000 } = options;
    assertFinite("create manual clock", "nowMs", nowMs);
    assertFinite("create manual clock", "wallMs", wallMs);
    assertNonNegative("create manual clock", "stalledAfterMs", stalledAfterMs);
    this.#nowOffsetMs = nowMs;
    this.#wallOffsetMs = wallMs;
    this.#stalledAfterMs = stalledAfterMs;
  }

  /** Milliseconds, as far as the clock has been moved. */
  now(): number {
    this.#readings++;
    return this.#nowOffsetMs + this.#elapsedMs;
  }

  /** Milliseconds since 1970-01-01T00:00:00Z, as far as the clock has been moved or set. */
  wallNow(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  /** Arms a timer; its delay is clamped to one timer's range, like the system's. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const delay = delayMs > 0 ? Math.min(delayMs, MAX_TIMER_MS) : 0;
    const timer = { dueMs: this.#elapsedMs + delay, sequence: this.#sequence++, callback, heapIndex: -1 };
    this.#timers.push(timer);
    return timer;
  }

  /** Forgets a timer; does nothing for one that has fired. */
  clearTimeout(handle: TimerHandle): void {
    if (handle !== undefined && handle !== null) this.#timers.remove(handle as Timer);
  }

  /**
   * Starts work that takes real time, and stands still until it has ended, but for about a tenth of a real second at most (longer on
   * a busy machine), and for half of that after each time when this was in vain. Work that begins with a timer of this clock is none that takes real time.
   *
   * @param work Starts it.
   * @returns What it returns; the clock stands still if that is a promise.
   */
  hold<T>(work: () => T): T {
    const sequence = this.#sequence;
    const result = work();
    if (sequence !== this.#sequence || !isPromiseLike(result)) return result;
    const forget = () => void this.#held.delete(result);
    this.#held.set(result, this.#heldSteps);
    result.then(forget, forget);
    return result;
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves the clock on, firing what falls due on the way: in time order, first armed first fired among equals. Each
   * timer sees its own due time as `now()`.
   *
   * @param ms How far, in milliseconds.
   * @returns A promise that resolves when everything due has fired and the event loop is quiet.
   * @throws {RangeError} If `ms` is negative or not finite.
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
    // Another `advance` or `run` may have gone further in the meantime: time never goes back.
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }

  /**
   * Moves the clock from timer to timer until a promise settles.
   *
   * Real work (sockets, files, digests) runs in real time beside the clock: while timers are armed, the clock does not wait for it,
   * unless it holds for it, as it does for what the caches of a client do. With no timer armed it waits `stalledAfterMs` of real
   * time, then gives up.
   *
   * @param promise What to wait for.
   * @returns What the promise resolves to.
   * @throws {Error} If the promise is still pending and no timer is armed that could ever settle it.
   * @throws {unknown} Whatever the promise rejects with.
   */
  async run<T>(promise: PromiseLike<T>): Promise<T> {
    let settled = false;
    const outcome = Promise.resolve(promise).finally(() => settled = true);
    // Until it is returned below nothing listens to `outcome`, and its rejection would be reported as unhandled.
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
   * Sets what `wallNow()` says, as when the machine's date is corrected. Timers and `now()` do not notice.
   *
   * @throws {RangeError} If `wallMs` is not finite.
   */
  setWall(wallMs: number): void {
    assertFinite("set manual clock", "wallMs", wallMs);
    this.#wallOffsetMs = wallMs - this.#elapsedMs;
  }

  /**
   * Moves what `now()` says, and nothing else: no timer fires, and armed ones keep the delay they have left. A
   * negative `ms` makes a clock that goes back, which no clock should.
   *
   * @throws {RangeError} If `ms` is not finite.
   */
  jump(ms: number): void {
    assertFinite("jump manual clock", "ms", ms);
    this.#nowOffsetMs += ms;
  }

  /** Lets the event loop turn until all that is due has run, and nothing is held for. */
  async #quiet(): Promise<void> {
    let readings: number;
    do {
      readings = this.#readings;
      await eventLoopTurn();
      // Who was given a body reads the clock, and may wait for the next body.
    } while (BODIES_TAKE_TURNS && readings !== this.#readings);
    for (let turn = 0; this.#held.size > 0; turn++) {
      await nextTurn(turn);
      if (turn >= FAST_TURNS) this.#holdLess();
    }
  }

  /** Notes that a step has passed, and gives up what has had all of its own. */
  #holdLess(): void {
    const before = this.#held.size;
    for (const [work, steps] of this.#held) {
      if (steps > 1) this.#held.set(work, steps - 1);
      else this.#held.delete(work);
    }
    if (this.#held.size < before) this.#heldSteps /= 2;
  }

  #fire(timer: Timer): void {
    this.#timers.remove(timer);
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
    timer.callback();
  }

  /** Waits in real time; `false` if neither the promise settled nor a timer was armed. */
  async #waitForOthers(settled: () => boolean): Promise<boolean> {
    for (let turn = 0; !settled() && this.#timers.size === 0; turn++) {
      if ((turn - FAST_TURNS) * STEP_MS >= this.#stalledAfterMs) return false;
      await nextTurn(turn);
    }
    return true;
  }
}

/** Waits for a turn of the event loop at first, and then for a step each time. */
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

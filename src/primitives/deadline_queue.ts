/**
 * Any number of deadlines on one timer.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import { argumentError, assertClock, assertSignal } from "./argument_checks.ts";
import { BinaryHeap, type HeapItem } from "./binary_heap.ts";
import { type Clock, LOST_AFTER_MS, timerDelay, type TimerHandle } from "./clock.ts";

/** The receiver of a deadline. */
export interface DeadlineTarget {
  /**
   * Whether the deadline limits how long something may take, so that it gets a grace if the program was too busy to notice the
   * end of it; `false` by default.
   */
  readonly isTimeout?: boolean | undefined;
  /**
   * Called once when the deadline has passed, and never after the deadline was removed. An error that it throws leaves the
   * timer's callback; the deadlines behind it are met all the same.
   */
  onDeadline(deadline: Deadline): void;
}

/** A moment at which a {@linkcode DeadlineQueue} calls its target. */
export interface Deadline {
  /** The moment, on the clock of the queue, in milliseconds; `Infinity` for never. A timeout that is put off gets a later one. */
  readonly atMs: number;
}

/** The contract of a container of deadlines, such as {@linkcode DeadlineQueue}. */
export interface Deadlines {
  /** Calls a target `delayMs` milliseconds after `nowMs`, which is now by default. */
  add(target: DeadlineTarget, delayMs: number, nowMs?: number): Deadline;
  /** Removes a deadline; does nothing for one that was met. */
  remove(deadline: Deadline): void;
  /** Waits for `delayMs` milliseconds, or until a signal aborts. */
  sleep(delayMs: number, options?: SleepOptions): Promise<void>;
  /** Makes sure that the deadlines will be met, for a caller that waits for one and adds none; `nowMs` is now. */
  rearm?(nowMs: number): void;
}

/** Options of {@linkcode DeadlineQueue.sleep}. */
export interface SleepOptions {
  /** Ends the sleep: it rejects at once with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A timeout that is late by this much, in milliseconds, shows that the program has blocked the event loop, or was stopped. */
const OVERDUE_MS = 50;
/** The longest grace, in milliseconds, and how many of them a timeout may have. */
const MAX_GRACE_MS = 5_000;
const MAX_GRACES = 4;

class Entry implements Deadline, HeapItem {
  heapIndex = -1;
  /** How often the deadline was put off. */
  graces = 0;

  constructor(
    public atMs: number,
    readonly sequence: number,
    readonly target: DeadlineTarget,
    readonly delayMs: number,
  ) {}
}

/**
 * Keeps deadlines that share one timer. Adding and removing a deadline costs O(log n); a timer of its own would cost each
 * deadline a system call or two.
 *
 * The timer is armed for the earliest deadline. Removing the earliest deadline does not re-arm the timer, because most deadlines
 * are removed before they are due; removing the last deadline clears it. While a deadline waits, the timer keeps the process
 * alive. Delays longer than one timer can run are met on time. Deadlines of the same moment are met in the order in which they
 * were added, and never before that moment.
 *
 * A timeout that is late by 50 ms or more has not seen whether its work ended in time: the program has blocked the event loop, or
 * the process was stopped. So it is put off by as much as it was late, to let the program read what has arrived, but by no more
 * than its own delay, and 5 s. In a program that blocks the event loop over and over, a timeout is put off four times at most.
 *
 * If the timer is lost, as when a test ends its fake timers, the next deadline that is added, or `rearm`, arms it anew.
 *
 * @example A sleep that can be cut short
 * ```ts
 * import { DeadlineQueue, systemClock } from "@slipstream/fetch/primitives";
 * import { assertRejects } from "@std/assert";
 *
 * const deadlines = new DeadlineQueue(systemClock);
 * await deadlines.sleep(5);
 *
 * const controller = new AbortController();
 * const sleep = deadlines.sleep(60_000, { signal: controller.signal });
 * controller.abort(new Error("enough"));
 * await assertRejects(() => sleep, Error, "enough");
 * ```
 */
export class DeadlineQueue implements Deadlines {
  readonly #clock: Clock;
  #entries: BinaryHeap<Entry> = new BinaryHeap(isBefore);
  #sequence = 0;
  #timer: TimerHandle | undefined;
  /** The deadline for which the timer is armed, and when the timer should fire. */
  #armedForMs = Infinity;
  #dueMs = Infinity;

  /**
   * Creates an empty queue.
   *
   * @param clock The source of time and timers.
   * @throws {TypeError} If `clock` is no clock.
   */
  constructor(clock: Clock) {
    assertClock("create deadline queue", "clock", clock);
    this.#clock = clock;
  }

  /** How many deadlines wait, without those at `Infinity`. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds a deadline.
   *
   * @param target The target to call.
   * @param delayMs How long from now, in milliseconds. A negative delay counts as 0, which means the timer's next turn. A
   * deadline at `Infinity` is never met, and does not keep the process alive.
   * @param nowMs The clock's time, from a caller that has just read it.
   * @returns The deadline, to pass to `remove`.
   * @throws {TypeError} If `delayMs` is not a number.
   * @throws {RangeError} If `delayMs` is `NaN`.
   */
  add(target: DeadlineTarget, delayMs: number, nowMs?: number): Deadline {
    if (typeof delayMs !== "number" || Number.isNaN(delayMs)) {
      throw argumentError("add deadline", "delayMs", "a number", delayMs);
    }
    if (delayMs === Infinity) return new Entry(Infinity, this.#sequence++, target, Infinity);
    const sinceMs = nowMs ?? this.#clock.now();
    const entry = new Entry(sinceMs + Math.max(delayMs, 0), this.#sequence++, target, delayMs);
    this.#entries.push(entry);
    this.#arm(sinceMs);
    return entry;
  }

  /** Removes a deadline. Does nothing for one that was met or removed, or that belongs to another queue. */
  remove(deadline: Deadline): void {
    if (this.#entries.remove(deadline as Entry) && this.#entries.size === 0) this.#disarm();
  }

  /**
   * Waits for a time.
   *
   * @param delayMs How long, in milliseconds. 0 and less wait for the timer's next turn, `Infinity` waits until the abort.
   * @param options Options.
   * @returns A promise that resolves when the time has passed.
   * @throws {TypeError} If `delayMs` is not a number, or `signal` no signal.
   * @throws {RangeError} If `delayMs` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts during the sleep; no deadline is left behind then.
   */
  sleep(delayMs: number, options?: SleepOptions): Promise<void> {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
      assertSignal("sleep", signal);
      if (signal?.aborted) reject(signal.reason);
      else new Sleeper(this, delayMs, signal, resolve, reject);
    });
  }

  /** Removes all deadlines. Their targets are not called; a `sleep` stays pending until its signal aborts. */
  clear(): void {
    this.#entries = new BinaryHeap(isBefore);
    this.#disarm();
  }

  /** Arms the timer anew if it is lost. */
  rearm(nowMs: number): void {
    this.#arm(nowMs);
  }

  #arm(nowMs: number): void {
    const next = this.#entries.peek();
    if (next === undefined) return;
    if (next.atMs >= this.#armedForMs && nowMs - this.#dueMs <= LOST_AFTER_MS) return;
    this.#disarm();
    this.#armedForMs = next.atMs;
    const armedAtMs = this.#clock.now();
    const delayMs = timerDelay(next.atMs - armedAtMs);
    this.#dueMs = armedAtMs + delayMs;
    this.#timer = this.#clock.setTimeout(this.#onTimer, delayMs);
  }

  #disarm(): void {
    if (this.#armedForMs === Infinity) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedForMs = Infinity;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#armedForMs = Infinity;
    const nowMs = this.#clock.now();
    // Leave deadlines that a target adds meanwhile to the next turn: with a delay of 0 they could keep this loop from ending.
    const lastSequence = this.#sequence;
    try {
      for (
        let next = this.#entries.peek();
        next !== undefined && next.atMs <= nowMs && next.sequence < lastSequence;
        next = this.#entries.peek()
      ) {
        this.#entries.remove(next);
        if (putOff(next, nowMs)) this.#entries.push(next);
        else next.target.onDeadline(next);
      }
    } finally {
      // Some deadlines may be left: they are not due yet, as the timer was early or clamped, or stand behind a target that threw.
      this.#arm(nowMs);
    }
  };
}

/** One call of `sleep`. */
class Sleeper implements DeadlineTarget, AbortTarget {
  readonly #queue: DeadlineQueue;
  readonly #deadline: Deadline;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    queue: DeadlineQueue,
    delayMs: number,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#queue = queue;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadline = queue.add(this, delayMs);
    if (signal !== undefined) addAbortListener(signal, this);
  }

  onDeadline(): void {
    if (this.#signal !== undefined) removeAbortListener(this.#signal, this);
    this.#resolve();
  }

  onAbort(signal: AbortSignal): void {
    this.#queue.remove(this.#deadline);
    this.#reject(signal.reason);
  }
}

/** Puts a timeout off, if it is overdue and has a grace left. */
function putOff(entry: Entry, nowMs: number): boolean {
  const lateMs = nowMs - entry.atMs;
  if (lateMs < OVERDUE_MS || entry.graces === MAX_GRACES || entry.target.isTimeout !== true) return false;
  entry.graces++;
  entry.atMs = nowMs + Math.max(0, Math.min(lateMs, entry.delayMs, MAX_GRACE_MS));
  return true;
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}

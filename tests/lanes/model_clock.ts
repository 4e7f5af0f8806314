/**
 * The clock of the model: it jumps from timer to timer, and tells the script's timers from the client's.
 *
 * @module
 */

import { BinaryHeap, type HeapItem } from "../../src/primitives/binary_heap.ts";
import { type Clock, MAX_TIMER_MS } from "../../src/primitives/clock.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

interface Timer extends HeapItem {
  readonly dueMs: number;
  readonly sequence: number;
  readonly isScripted: boolean;
  readonly callback: () => void;
}

/** A clock that stands still between timers. */
export class ModelClock implements Clock {
  /** How many timers of the tested client are armed. */
  pending = 0;
  /** Wraps each callback. */
  around: (callback: () => void) => () => void = (callback) => callback;
  readonly #timers = new BinaryHeap<Timer>(isBefore);
  #nowMs = 0;
  #wallErrorMs = 0;
  #sequence = 0;

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.trueWallNow() + this.#wallErrorMs;
  }

  /** The true time of day, whatever the wall clock of the client shows. */
  trueWallNow(): number {
    return 1_767_225_600_000 + this.#nowMs;
  }

  /** Sets the wall clock forward, or back. */
  setWall(byMs: number): void {
    this.#wallErrorMs += byMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    this.pending++;
    return this.#add(callback, delayMs, false);
  }

  clearTimeout(handle: unknown): void {
    if (handle !== undefined && this.#timers.remove(handle as Timer)) this.pending--;
  }

  /** Arms a timer of the script. */
  at(delayMs: number, callback: () => void): void {
    this.#add(callback, delayMs, true);
  }

  /** Waits on a timer of the script. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.at(delayMs, resolve));
  }

  #add(callback: () => void, delayMs: number, isScripted: boolean): Timer {
    const dueMs = this.#nowMs + (delayMs > 0 ? Math.min(delayMs, MAX_TIMER_MS) : 0);
    const timer = {
      dueMs,
      sequence: this.#sequence++,
      isScripted,
      callback: this.around(callback),
      heapIndex: -1,
    };
    this.#timers.push(timer);
    return timer;
  }

  /** Puts the computer to sleep: timers that are due meanwhile fire late. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** When the next timer is due; `Infinity` if there is none. */
  get nextMs(): number {
    return this.#timers.peek()?.dueMs ?? Infinity;
  }

  /** Fires the next timer, and lets everything that it causes run. */
  async step(): Promise<void> {
    const timer = this.#timers.peek()!;
    this.#timers.remove(timer);
    if (!timer.isScripted) this.pending--;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    timer.callback();
    await eventLoopTurn();
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

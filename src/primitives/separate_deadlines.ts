/**
 * Deadlines that each have a timer of their own.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import {
  type Deadline,
  DeadlineQueue,
  type Deadlines,
  type DeadlineTarget,
  type SleepOptions,
} from "./deadline_queue.ts";

/**
 * Gives each deadline a timer of its own, for runtimes where a timer belongs to the incoming request that has set it. There, a
 * shared timer would end with that request, and the deadlines of other requests would never be met. A deadline that is removed
 * is not met, but its timer runs on: one request must not clear the timer of another, which may have nothing else that keeps it
 * alive.
 */
export class SeparateDeadlines implements Deadlines {
  readonly #clock: Clock;

  /** Creates a container without deadlines. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @inheritdoc */
  add(target: DeadlineTarget, delayMs: number, nowMs?: number): Deadline {
    const entry = new Entry(target);
    // Use a queue for this deadline alone, because it can wait longer than one timer can run.
    entry.atMs = new DeadlineQueue(this.#clock).add(entry, delayMs, nowMs).atMs;
    return entry;
  }

  /** @inheritdoc */
  remove(deadline: Deadline): void {
    (deadline as Entry).isRemoved = true;
  }

  /** @inheritdoc */
  sleep(delayMs: number, options?: SleepOptions): Promise<void> {
    return new DeadlineQueue(this.#clock).sleep(delayMs, options);
  }
}

class Entry implements Deadline, DeadlineTarget {
  atMs = Infinity;
  isRemoved = false;
  readonly #target: DeadlineTarget;

  constructor(target: DeadlineTarget) {
    this.#target = target;
  }

  get isTimeout(): boolean {
    return !this.isRemoved && this.#target.isTimeout === true;
  }

  onDeadline(): void {
    if (!this.isRemoved) this.#target.onDeadline(this);
  }
}

/**
 * Deadlines of requests that may die.
 *
 * @module
 */

import type { Deadline, Deadlines, DeadlineTarget } from "../../src/primitives/deadline_queue.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import type { ManualClock } from "../../src/testing/manual_clock.ts";

/** Deadlines that stop for some. */
export interface MortalDeadlines extends Deadlines {
  /** Whether timers that are set now never run. */
  isDying: boolean;
  /** The timers that have stopped run after all. */
  revive(): void;
}

/** Deadlines with timers of their own, which stop as those of a request that has died, and may be late. */
export function mortalDeadlines(clock: ManualClock): MortalDeadlines {
  const deadlines = new SeparateDeadlines(clock);
  const stopped: (() => void)[] = [];
  const mortal: MortalDeadlines = {
    isDying: false,
    add(target: DeadlineTarget, delayMs: number, nowMs?: number): Deadline {
      if (!mortal.isDying) return deadlines.add(target, delayMs, nowMs);
      const deadline = deadlines.add({ onDeadline() {} }, delayMs, nowMs);
      stopped.push(() => target.onDeadline(deadline));
      return deadline;
    },
    remove: (deadline: Deadline) => deadlines.remove(deadline),
    sleep: (delayMs: number) => deadlines.sleep(delayMs),
    revive: () => stopped.splice(0).forEach((run) => run()),
  };
  return mortal;
}

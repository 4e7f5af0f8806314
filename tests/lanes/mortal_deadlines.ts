/**
 * Deadlines of requests that may die, as in a worker whose timers end with their request.
 *
 * @module
 */

import type { Deadline, Deadlines, DeadlineTarget } from "../../src/primitives/deadline_queue.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import type { ManualClock } from "../../src/testing/manual_clock.ts";

/** Deadlines of which some never fire. */
export interface MortalDeadlines extends Deadlines {
  /** Whether the timers that are set from now on never fire. */
  isDying: boolean;
  /** Fires the stopped timers after all. */
  revive(): void;
}

/** Creates deadlines with a timer each. Some stop, like the timers of a request that has died, and may fire late. */
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

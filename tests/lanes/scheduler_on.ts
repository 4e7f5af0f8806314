import { Scheduler, type SchedulerOptions } from "../../src/lanes/scheduler.ts";
import type { Clock } from "../../src/primitives/clock.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";

/** Creates a scheduler without tokens, by default with a thousand permits. */
export function schedulerOn(clock: Clock, options: Partial<SchedulerOptions> = {}): Scheduler {
  return new Scheduler({
    semaphore: new Semaphore(1_000),
    bucket: undefined,
    clock,
    deadlines: new DeadlineQueue(clock),
    maxRetryAfterMs: 60_000,
    timersBelongToRequests: false,
    ...options,
  });
}

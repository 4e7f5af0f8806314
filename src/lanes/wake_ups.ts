/**
 * Wake-ups: the timers that have blocked lanes looked at again.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { KeyLine } from "./key_line.ts";
import type { Lane } from "./lane.ts";
import type { Place } from "./waiter.ts";

/** The options of wake-ups. */
export interface WakeUpOptions {
  readonly deadlines: Deadlines;
  /**
   * Whether a timer lives only as long as the incoming request that has set it. Then each waiter polls by itself, and no timer is
   * set here.
   */
  readonly timersBelongToRequests: boolean;
  /** Looks at a lane whose obstacle may be gone. */
  readonly examine: (lane: Lane) => void;
}

/** One timer for each lane, and for each line of a limit key, that is blocked until a known time. */
export class WakeUps {
  readonly #options: WakeUpOptions;

  /** Creates the wake-ups without a timer. */
  constructor(options: WakeUpOptions) {
    this.#options = options;
  }

  /**
   * Schedules the next look at a lane, in place of an earlier schedule.
   *
   * @param lane The lane.
   * @param atMs When to look, on the client's clock; `Infinity` if an event will tell.
   * @param nowMs The time on that clock.
   */
  set(lane: Lane, atMs: number, nowMs: number): void {
    if (lane.wakeUp?.atMs === atMs) return;
    this.drop(lane);
    const { timersBelongToRequests, deadlines, examine } = this.#options;
    if (atMs === Infinity || timersBelongToRequests) return;
    const onDeadline = (): void => {
      lane.wakeUp = undefined;
      examine(lane);
    };
    lane.wakeUp = deadlines.add({ onDeadline }, atMs - nowMs, nowMs);
  }

  /** Cancels the scheduled look at a lane. */
  drop(lane: Lane): void {
    if (lane.wakeUp !== undefined) this.#options.deadlines.remove(lane.wakeUp);
    lane.wakeUp = undefined;
  }

  /**
   * Blocks the line of a limit key.
   *
   * @param lane The lane.
   * @param line The key's line there.
   * @param until The end of the block: a time on the client's clock, or the notice of a bucket.
   * @param nowMs The time on the client's clock.
   */
  block(lane: Lane, line: KeyLine<Place<Lane>>, until: number | Bucket, nowMs: number): void {
    line.isBlocked = true;
    const { timersBelongToRequests, deadlines, examine } = this.#options;
    if (timersBelongToRequests || until === Infinity) return;
    const onDeadline = (): void => {
      line.isBlocked = false;
      line.wakeUp = undefined;
      line.tokenNotice = undefined;
      examine(lane);
    };
    if (typeof until !== "number") line.tokenNotice = until.notify(onDeadline);
    else line.wakeUp = deadlines.add({ onDeadline }, until - nowMs, nowMs);
  }

  /** Unblocks the line of a limit key, as far as is known. */
  unblock(line: KeyLine<Place<Lane>>): void {
    line.isBlocked = false;
    if (line.wakeUp !== undefined) this.#options.deadlines.remove(line.wakeUp);
    line.wakeUp = undefined;
    line.tokenNotice?.[Symbol.dispose]();
    line.tokenNotice = undefined;
  }
}

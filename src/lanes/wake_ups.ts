/**
 * When what is blocked is looked at again.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { KeyLine } from "./key_line.ts";
import type { Lane } from "./lane.ts";
import type { Place } from "./waiter.ts";

/** What wake-ups work with. */
export interface WakeUpOptions {
  readonly deadlines: Deadlines;
  /** Whether a timer lives only as long as the request that has set it: then each waiter looks by itself, and nothing is set here. */
  readonly timersBelongToRequests: boolean;
  /** Looks at a lane: what has blocked it may be over. */
  readonly examine: (lane: Lane) => void;
}

/** One timer for each lane, and for each line of a limit key, that is blocked until a known moment. */
export class WakeUps {
  readonly #options: WakeUpOptions;

  /** Sets none yet. */
  constructor(options: WakeUpOptions) {
    this.#options = options;
  }

  /**
   * Has a lane looked at at a moment, and at no other.
   *
   * @param lane The lane.
   * @param atMs When, on the client's clock; `Infinity` if something else will tell.
   * @param nowMs The time there.
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

  /** A lane need not be looked at. */
  drop(lane: Lane): void {
    if (lane.wakeUp !== undefined) this.#options.deadlines.remove(lane.wakeUp);
    lane.wakeUp = undefined;
  }

  /**
   * The limits of a key hold what waits there.
   *
   * @param lane The lane.
   * @param line The key's line there.
   * @param until Until that moment, on the client's clock, or until this bucket gives notice.
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

  /** The limits of a key hold no request any more, as far as is known. */
  unblock(line: KeyLine<Place<Lane>>): void {
    line.isBlocked = false;
    if (line.wakeUp !== undefined) this.#options.deadlines.remove(line.wakeUp);
    line.wakeUp = undefined;
    line.tokenNotice?.[Symbol.dispose]();
    line.tokenNotice = undefined;
  }
}

/**
 * The timeouts of attempts on the straight way.
 *
 * @module
 */

import { SILENT_MS } from "../lanes/lane.ts";
import { LOOK_AGAIN_MS } from "../lanes/silent_lanes.ts";
import type { Call, Pending } from "../policies/call.ts";
import type { Environment } from "../policies/policy.ts";
import { LOST_AFTER_MS, SHORTEST_WAIT_MS } from "../primitives/clock.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";

/** The way whose attempts have timeouts. A call waits for the way itself while its attempt is in flight there. */
export interface TimedWay extends Pending {
  /** Ends an attempt that has taken too long. */
  timeOut(call: Call, nowMs: number): void;
}

/** The calls in flight. */
export interface CallsInFlight {
  /** The first of all calls in flight; they are linked by `next`. */
  readonly firstCall: Call | undefined;
}

/**
 * Ends attempts that have taken too long, with one timer for all: it looks through the attempts when the first of them may be
 * late. Until then, the timer looks whether the origins answer.
 */
export class StraightTimeouts implements DeadlineTarget {
  /** When the next attempt may have taken too long. */
  scanAtMs: number = Infinity;
  readonly isTimeout = true;
  /** When the timer is so late that it counts as lost. */
  lostAtMs: number = Infinity;
  #alarm: Deadline | undefined;
  readonly #environment: Environment;
  readonly #way: TimedWay;
  readonly #calls: CallsInFlight;

  /** Creates the timeouts of a way without attempts. */
  constructor(environment: Environment, way: TimedWay, calls: CallsInFlight) {
    this.#environment = environment;
    this.#way = way;
    this.#calls = calls;
  }

  /** Stops the timer, because no attempt is in flight. */
  disarm(): void {
    if (this.#alarm === undefined) return;
    this.#environment.deadlines.remove(this.#alarm);
    this.#alarm = undefined;
    this.scanAtMs = Infinity;
    this.lostAtMs = Infinity;
  }

  /** Sets the time of the next scan. */
  scanAt(atMs: number, nowMs: number): void {
    this.scanAtMs = atMs;
    this.#wakeAfter(SILENT_MS, nowMs);
  }

  /** Makes sure that the timer runs: it is so late that it may be lost. */
  rearm(nowMs: number): void {
    this.#environment.deadlines.rearm?.(nowMs);
    this.lostAtMs = nowMs + LOST_AFTER_MS;
  }

  /** Sets the timer for the next look whether the origins answer, or for the next scan, if that is sooner. */
  #wakeAfter(lookAfterMs: number, nowMs: number): void {
    const { deadlines, hedging } = this.#environment;
    if (this.#alarm !== undefined) deadlines.remove(this.#alarm);
    const scanAfterMs = this.scanAtMs - nowMs;
    const delayMs = hedging === undefined ? Math.min(scanAfterMs, lookAfterMs) : scanAfterMs;
    this.#alarm = deadlines.add(this, delayMs, nowMs);
    this.lostAtMs = this.#alarm.atMs + LOST_AFTER_MS;
  }

  /** Looks for attempts that have taken too long, and for origins that are silent. */
  onDeadline(): void {
    const { clock, hedging, scheduler } = this.#environment;
    const nowMs = clock.now();
    const dueAtMs = this.#alarm!.atMs;
    this.#alarm = undefined;
    this.lostAtMs = Infinity;
    if (nowMs + SHORTEST_WAIT_MS < this.scanAtMs) this.#wakeAfter(LOOK_AGAIN_MS, nowMs);
    else this.#scan(nowMs);
    if (hedging === undefined) scheduler.silentLanes.look(nowMs, dueAtMs);
  }

  /** Ends the attempts that have taken too long. */
  #scan(nowMs: number): void {
    this.scanAtMs = Infinity;
    const late: Call[] = [];
    let nextMs = Infinity;
    for (let call = this.#calls.firstCall; call !== undefined; call = call.next) {
      if (call.pending !== this.#way) continue;
      if (call.timeoutAtMs <= nowMs + SHORTEST_WAIT_MS) late.push(call);
      else if (call.timeoutAtMs < nextMs) nextMs = call.timeoutAtMs;
    }
    if (nextMs < Infinity) this.scanAt(nextMs, nowMs);
    // Ending an earlier attempt may have ended this one.
    for (const call of late) if (call.pending === this.#way) this.#way.timeOut(call, nowMs);
  }
}

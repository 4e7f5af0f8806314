/**
 * Requests that look by themselves whether they may go.
 *
 * @module
 */

import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Lane } from "./lane.ts";
import type { Leases } from "./leases.ts";
import type { Waiter } from "./waiter.ts";
import type { WakeUps } from "./wake_ups.ts";

/** How often a request looks, in milliseconds. */
const POLL_MS = 1_000;
/** The same where it may be a token that is missing, in milliseconds. */
const TOKEN_POLL_MS = 25;
/** How late it may look before it counts as dead, in milliseconds. */
const GRACE_MS = 1_000;

/** Where those in line wait. */
export interface PolledRoom {
  /** The time on the client's clock. */
  now(): number;
  /** Whether a token has to be taken for a lane. */
  hasBucket(lane: Lane): boolean;
  /** Looks at a lane. */
  examine(lane: Lane): void;
  /** Admits what may go. */
  dispatch(): void;
  /** Puts a request in line. */
  wait(waiter: Waiter<Lane>, nowMs: number): void;
}

/**
 * Where the runtime ends a request's timers with the request, none may rely on a timer of another one: each that waits has its
 * own, takes back what has been lent for too long, and looks for itself and its lanes.
 */
export class Polls {
  readonly #deadlines: Deadlines;
  readonly #leases: Leases;
  readonly #wakeUps: WakeUps;
  readonly #room: PolledRoom;

  /** Begins with none in line. */
  constructor(deadlines: Deadlines, leases: Leases, wakeUps: WakeUps, room: PolledRoom) {
    this.#deadlines = deadlines;
    this.#leases = leases;
    this.#wakeUps = wakeUps;
    this.#room = room;
  }

  /** A request waits: it looks by and by, until it does not wait any more. */
  begin(waiter: Waiter<Lane>): void {
    this.#leases.expire(this.#room.now());
    this.#lookLater(waiter);
  }

  /** Whether a request in line has not looked for so long that it must have died, and can't use what it would be given. */
  isLost({ poll }: Waiter<Lane>, nowMs: number): boolean {
    return poll !== undefined && nowMs > poll.atMs + GRACE_MS;
  }

  #lookLater(waiter: Waiter<Lane>): void {
    const nowMs = this.#room.now();
    const waits = waiter.lanes.map((lane) => {
      const untilMs = lane.blockedUntilMs(nowMs);
      if (untilMs > nowMs && untilMs < Infinity) return untilMs - nowMs;
      // When a permit of the lane comes back, which is told, it may be a token that is missing, which is not.
      return this.#room.hasBucket(lane) ? TOKEN_POLL_MS : POLL_MS;
    });
    const onDeadline = (): void => this.#look(waiter);
    waiter.poll = this.#deadlines.add({ onDeadline }, Math.min(...waits, POLL_MS), nowMs);
  }

  #look(waiter: Waiter<Lane>): void {
    // It was late, and has been taken for dead.
    if (waiter.poll === undefined && !waiter.isCancelled) return this.#room.wait(waiter, this.#room.now());
    if (!waiter.isWaiting) return;
    this.#leases.expire(this.#room.now());
    for (const lane of waiter.lanes) {
      const line = waiter.placeIn(lane)?.line;
      if (line !== undefined) this.#wakeUps.unblock(line);
      this.#room.examine(lane);
    }
    this.#room.dispatch();
    if (waiter.isWaiting) this.#lookLater(waiter);
  }
}

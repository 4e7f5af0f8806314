/**
 * Polling: waiting requests that check for themselves whether they may go.
 *
 * @module
 */

import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Lane } from "./lane.ts";
import type { Leases } from "./leases.ts";
import type { Waiter } from "./waiter.ts";
import type { WakeUps } from "./wake_ups.ts";

/** How often a request polls, in milliseconds. */
const POLL_MS = 1_000;
/** How often it polls where it may be waiting for a token, in milliseconds. */
const TOKEN_POLL_MS = 25;
/** How late a poll may be before its request counts as dead, in milliseconds. */
const GRACE_MS = 1_000;

/** The scheduler, as far as polls use it. */
export interface PolledRoom {
  /** Returns the time on the client's clock. */
  now(): number;
  /** Whether a request to a lane needs a token. */
  hasBucket(lane: Lane): boolean;
  /** Looks at a lane. */
  examine(lane: Lane): void;
  /** Puts a request in line. */
  wait(waiter: Waiter<Lane>, nowMs: number): void;
}

/**
 * The polls of waiting requests, on runtimes that end a request's timers with its incoming request. There, a request can't rely
 * on the timer of another one. So each waiting request has its own, takes expired leases back, and checks for itself and its
 * lanes.
 */
export class Polls {
  readonly #deadlines: Deadlines;
  readonly #leases: Leases;
  readonly #wakeUps: WakeUps;
  readonly #room: PolledRoom;

  /** Creates the polls without any request in line. */
  constructor(deadlines: Deadlines, leases: Leases, wakeUps: WakeUps, room: PolledRoom) {
    this.#deadlines = deadlines;
    this.#leases = leases;
    this.#wakeUps = wakeUps;
    this.#room = room;
  }

  /** Makes a request poll for as long as it waits. */
  begin(waiter: Waiter<Lane>): void {
    this.#leases.expire(this.#room.now());
    this.#lookLater(waiter);
  }

  /** Whether a request in line has missed its poll by so much that it must have died, and can't use an admission. */
  isLost({ poll }: Waiter<Lane>, nowMs: number): boolean {
    return poll !== undefined && nowMs > poll.atMs + GRACE_MS;
  }

  #lookLater(waiter: Waiter<Lane>): void {
    const nowMs = this.#room.now();
    const waits = waiter.lanes.map((lane) => {
      const untilMs = lane.blockedUntilMs(nowMs);
      if (untilMs > nowMs && untilMs < Infinity) return untilMs - nowMs;
      // A permit that comes back is announced. A token is not, so where one may be missing, poll more often.
      return this.#room.hasBucket(lane) ? TOKEN_POLL_MS : POLL_MS;
    });
    const onDeadline = (): void => this.#look(waiter);
    waiter.poll = this.#deadlines.add({ onDeadline }, Math.min(...waits, POLL_MS), nowMs);
  }

  #look(waiter: Waiter<Lane>): void {
    // The request was late, and was taken for dead: put it in line again.
    if (waiter.poll === undefined && !waiter.isCancelled) return this.#room.wait(waiter, this.#room.now());
    if (!waiter.isWaiting) return;
    this.#leases.expire(this.#room.now());
    for (const lane of waiter.lanes) {
      const line = waiter.placeIn(lane)?.line;
      if (line !== undefined) this.#wakeUps.unblock(line);
      this.#room.examine(lane);
    }
    if (waiter.isWaiting) this.#lookLater(waiter);
  }
}

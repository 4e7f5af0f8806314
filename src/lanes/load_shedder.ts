/**
 * Load shedding: a single request is refused when too many wait, or when it has waited for too long. Batches are patient.
 *
 * @module
 */

import { OverloadError } from "../errors.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Lane } from "./lane.ts";
import type { Waiter } from "./waiter.ts";

/** How many may wait, and for how long. */
export interface LoadShedding {
  /** How many requests may be in line when a single one comes; `Infinity` for any number. */
  readonly maxQueue: number;
  /** How long a single request may be in line, in milliseconds; `Infinity` for any time. */
  readonly maxQueueMs: number;
}

/** Where the requests wait. */
export interface CrowdedRoom {
  /** How many requests are in line. */
  readonly inLine: number;
  /** The time on the client's clock. */
  now(): number;
  /** Takes a request out of line. */
  leave(waiter: Waiter<Lane>): void;
}

/** Refuses single requests that would wait for too long. */
export class LoadShedder {
  readonly #limits: LoadShedding;
  readonly #deadlines: Deadlines;
  readonly #room: CrowdedRoom;

  /** Refuses by these limits, in this room; `deadlines` is what waits are timed by. */
  constructor(limits: LoadShedding, deadlines: Deadlines, room: CrowdedRoom) {
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#room = room;
  }

  /** A request has got in line: refuses it if too many were there, or sees to it that it does not wait for too long. */
  watch(waiter: Waiter<Lane>): void {
    const { errand } = waiter;
    if (errand.isOfBatch) return;
    const { maxQueue, maxQueueMs } = this.#limits;
    const sinceMs = this.#room.now();
    // What was sent before has been taken on.
    if (!errand.wasTakenOn && this.#room.inLine > maxQueue) return this.#refuse(waiter, "maxQueue", sinceMs);
    if (maxQueueMs === Infinity) return;
    const onDeadline = (): void => this.#refuse(waiter, "maxQueueMs", sinceMs);
    waiter.limit = this.#deadlines.add({ onDeadline }, maxQueueMs, sinceMs);
  }

  #refuse(waiter: Waiter<Lane>, limit: keyof LoadShedding, sinceMs: number): void {
    const error = this.#error(waiter, limit, sinceMs);
    if (waiter.errand.refuseSingles(error)) return;
    this.#room.leave(waiter);
    waiter.onRefused(error);
  }

  #error(waiter: Waiter<Lane>, limit: keyof LoadShedding, sinceMs: number): OverloadError {
    const about = waiter.errand.describe();
    const nowMs = this.#room.now();
    // But for the request itself.
    const queued = this.#room.inLine - 1;
    const max = this.#limits[limit];
    const waitedMs = nowMs - sinceMs;
    const reason = limit === "maxQueue"
      ? `${queued} requests wait already, as many as 'maxQueue' allows`
      : `it has waited ${Math.ceil(waitedMs)} ms for ${
        waiter.purpose(nowMs)
      }, and 'maxQueueMs' allows ${max}`;
    return new OverloadError(`${about.method} ${about.url} was not sent: ${reason}`, {
      ...about,
      limit,
      max,
      queued,
      waitedMs,
    });
  }
}

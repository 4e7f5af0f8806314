/**
 * Load shedding: refuses a single request when too many wait, or when it has waited for too long. Batches are patient.
 *
 * @module
 */

import { OverloadError } from "../errors.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Lane } from "./lane.ts";
import type { Waiter } from "./waiter.ts";

/** The limits of load shedding. */
export interface LoadShedding {
  /** How many requests may be in line when a single request gets in line; `Infinity` for any number. */
  readonly maxQueue: number;
  /** How long a single request may be in line, in milliseconds; `Infinity` for any time. */
  readonly maxQueueMs: number;
}

/** The scheduler, as far as load shedding uses it. */
export interface CrowdedRoom {
  /** How many requests are in line. */
  readonly inLine: number;
  /** Returns the time on the client's clock. */
  now(): number;
  /** Takes a request out of line. */
  leave(waiter: Waiter<Lane>): void;
}

/** Refuses single requests that would wait for too long. */
export class LoadShedder {
  readonly #limits: LoadShedding;
  readonly #deadlines: Deadlines;
  readonly #room: CrowdedRoom;

  /** Creates a shedder with these limits for this room; `deadlines` times the waits. */
  constructor(limits: LoadShedding, deadlines: Deadlines, room: CrowdedRoom) {
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#room = room;
  }

  /** Watches a request that has got in line: refuses it if too many were there, or when it has waited for too long. */
  watch(waiter: Waiter<Lane>): void {
    const { errand } = waiter;
    if (errand.isOfBatch) return;
    const { maxQueue, maxQueueMs } = this.#limits;
    const sinceMs = this.#room.now();
    // A request that was sent before has been accepted.
    if (!errand.wasTakenOn && this.#room.inLine > maxQueue) return this.#refuse(waiter, "maxQueue", sinceMs);
    if (maxQueueMs === Infinity) return;
    const onDeadline = (): void => this.#refuse(waiter, "maxQueueMs", sinceMs);
    waiter.limit = this.#deadlines.add({ isTimeout: true, onDeadline }, maxQueueMs, sinceMs);
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
    // The request itself does not count.
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

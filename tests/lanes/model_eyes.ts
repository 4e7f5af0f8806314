/**
 * Looks into a client: at the lanes, the scheduler and the batches that it creates, none of which it exposes.
 *
 * @module
 */

import { Lifetime } from "../../src/client/lifetime.ts";
import type { Batch } from "../../src/client/batch.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import { LaneLimit } from "../../src/lanes/lane_limit.ts";
import { Scheduler } from "../../src/lanes/scheduler.ts";
import { Flights } from "../../src/policies/single_flight.ts";
import type { Call } from "../../src/policies/call.ts";

/** All that the model sees of one client. */
export class Eyes {
  scheduler: Scheduler | undefined;
  readonly lanes: Map<string, Lane> = new Map();
  /** Called when a batch has begun to ask its source. */
  onBatch: (batch: Batch) => void = () => {};
  /**
   * The highest limit of each lane at the moment of its latest sample: requests that were admitted before a limit
   * fell are still sent.
   */
  readonly limits: Map<string, { readonly atMs: number; readonly most: number }> = new Map();
  /** The tables of calls that other calls may join. */
  readonly flights: Set<Flights> = new Set();
  /** When each lane's breaker changed last. */
  readonly changedAtMs: Map<string, number> = new Map();
  /** Called when a lane's breaker has changed. */
  onBreakerChange: (key: string) => void = () => {};
}

let watching: Eyes | undefined;

/** Makes `eyes` see all that is created from now on. */
export function watch(eyes: Eyes | undefined): void {
  watching = eyes;
}

/** Returns the eyes that see what is created now. */
export function watched(): Eyes | undefined {
  return watching;
}

/** Runs a function; no eyes see what it creates. */
export function unwatched<T>(run: () => T): T {
  return seenBy(undefined, run);
}

/** Runs a function; `other` sees what it creates, if there is one. */
export function seenBy<T>(other: Eyes | undefined, run: () => T): T {
  const eyes = watching;
  watching = other;
  try {
    return run();
  } finally {
    watching = eyes;
  }
}

const { adopt } = Scheduler.prototype;
Scheduler.prototype.adopt = function (lane: Lane): void {
  if (watching !== undefined) {
    const eyes = watching;
    eyes.scheduler = this;
    eyes.lanes.set(lane.key, lane);
    const { limit } = lane;
    const { sample } = LaneLimit.prototype;
    limit.sample = (latencyMs, inFlight, isDropped, nowMs) => {
      const before = eyes.limits.get(lane.key);
      const most = before?.atMs === nowMs ? before.most : limit.most;
      eyes.limits.set(lane.key, { atMs: nowMs, most });
      return sample.call(limit, latencyMs, inFlight, isDropped, nowMs);
    };
    lane.breaker?.on(({ atMs }) => {
      eyes.changedAtMs.set(lane.key, atMs);
      eyes.onBreakerChange(lane.key);
    });
  }
  adopt.call(this, lane);
};

const { enter } = Flights.prototype;
Flights.prototype.enter = function (call): Call | undefined {
  watching?.flights.add(this);
  return enter.call(this, call);
};

const { add } = Lifetime.prototype;
Lifetime.prototype.add = function (batch): void {
  watching?.onBatch(batch as Batch);
  add.call(this, batch);
};

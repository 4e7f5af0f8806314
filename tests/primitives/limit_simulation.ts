/**
 * An event-by-event simulation of a service under load, whose callers have as many requests in flight as an estimator
 * allows.
 *
 * @module
 */

import { BinaryHeap, type HeapItem } from "../../src/primitives/binary_heap.ts";
import type { LimitEstimator } from "../../src/primitives/limit_estimator.ts";

/** The service's answer to a request. */
export interface ServiceAnswer {
  readonly latencyMs: number;
  readonly isDropped: boolean;
}

/** Answers a request. */
export type Service = (nowMs: number) => ServiceAnswer;

/** Serves `slots` requests at once, and queues the others. */
export function queueing(slots: () => number, serviceMs: (nowMs: number) => number): Service {
  const freeAtMs: number[] = [];
  return (nowMs) => {
    while (freeAtMs.length < slots()) freeAtMs.push(-Infinity);
    freeAtMs.length = slots();
    let first = 0;
    for (let slot = 1; slot < freeAtMs.length; slot++) if (freeAtMs[slot]! < freeAtMs[first]!) first = slot;
    const endMs = Math.max(nowMs, freeAtMs[first]!) + serviceMs(nowMs);
    freeAtMs[first] = endMs;
    return { latencyMs: endMs - nowMs, isDropped: false };
  };
}

/** Serves `slots` requests at once, and refuses the others. */
export function refusing(slots: () => number, serviceMs: () => number, refusalMs: number): Service {
  let endsMs: number[] = [];
  return (nowMs) => {
    endsMs = endsMs.filter((endMs) => endMs > nowMs);
    if (endsMs.length >= slots()) return { latencyMs: refusalMs, isDropped: true };
    const latencyMs = serviceMs();
    endsMs.push(nowMs + latencyMs);
    return { latencyMs, isDropped: false };
  };
}

/** The results of a simulation. */
export interface SimulationResult {
  /** The limit after each change, with its time. */
  readonly limits: { readonly atMs: number; readonly limit: number }[];
  /** When each success came. */
  readonly successesMs: number[];
  readonly dropsMs: number[];
}

/** The settings of a simulation. */
export interface Simulation {
  readonly estimator: LimitEstimator;
  readonly service: Service;
  readonly lastsMs: number;
  /** The most requests that callers want to have in flight. */
  readonly demand?: ((nowMs: number) => number) | undefined;
}

interface SimulatedEvent extends HeapItem {
  readonly atMs: number;
  readonly order: number;
  readonly startedAtMs: number;
  readonly kind: "end" | "drop" | "look";
}

/** Runs a simulation. */
export function simulate(
  { estimator, service, lastsMs, demand = () => Infinity }: Simulation,
): SimulationResult {
  const result: SimulationResult = {
    limits: [{ atMs: 0, limit: estimator.limit }],
    successesMs: [],
    dropsMs: [],
  };
  const events = new BinaryHeap<SimulatedEvent>((a, b) =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  );
  let [inFlight, order] = [0, 0];
  const push = (atMs: number, startedAtMs: number, kind: SimulatedEvent["kind"]): void => {
    events.push({ atMs, startedAtMs, kind, order: order++, heapIndex: -1 });
  };
  const start = (nowMs: number): void => {
    while (inFlight < Math.min(estimator.limit, demand(nowMs))) {
      inFlight++;
      const { latencyMs, isDropped } = service(nowMs);
      push(nowMs + latencyMs, nowMs, isDropped ? "drop" : "end");
    }
  };
  for (let atMs = 0; atMs < lastsMs; atMs += 10) push(atMs, atMs, "look");
  for (let event = events.peek(); event !== undefined && event.atMs < lastsMs; event = events.peek()) {
    events.remove(event);
    const { atMs, kind, startedAtMs } = event;
    if (kind !== "look") {
      (kind === "end" ? result.successesMs : result.dropsMs).push(atMs);
      const hasChanged = estimator.note(atMs - startedAtMs, inFlight, kind === "drop", atMs);
      if (hasChanged) result.limits.push({ atMs, limit: estimator.limit });
      inFlight--;
    }
    start(atMs);
  }
  return result;
}

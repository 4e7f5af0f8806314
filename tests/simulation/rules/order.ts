/**
 * S11: first come, first served, within a priority and a lane.
 *
 * @module
 */

import type { Lane } from "../../../src/lanes/lane.ts";
import type { Place } from "../../../src/lanes/waiter.ts";
import { takesTime } from "../middleware.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 1e-3;

/**
 * Creates the rules for order: a request is never sent before an older one that only waits for its turn, and no request
 * waits while nothing blocks it.
 */
export function orderRules(stage: Stage): RuleGroup {
  // In a worker, each request polls for itself, so the order is not exact.
  if (stage.plan.client.isWorker) return {};
  const { cache, plain, hasKeys, extensions, rates } = stage.plan.client;
  /**
   * Callers that a younger request has overtaken. This is fine if the older one is sent at the same moment: two requests that
   * are admitted together may take different times to reach the network.
   */
  let overtaken: { readonly caller: Caller; readonly by: Caller }[] = [];
  const onQuiet = (): void => {
    for (const { caller, by } of overtaken) {
      if (caller.sent.length > 0 || caller.ending !== undefined) continue;
      stage.fail("S11 order", `${by.name} was sent before ${caller.name}`);
    }
    overtaken = [];
    if (
      rates !== undefined || stage.bucket !== undefined || stage.isClosed ||
      !stage.eyes.scheduler?.round.isIdle
    ) return;
    for (const lane of stage.eyes.lanes.values()) checkIdle(stage, lane);
  };
  if (cache !== undefined || plain?.offline || extensions !== undefined || takesTime(stage.plan.client)) {
    return { onQuiet };
  }
  return {
    onQuiet,
    onSend({ caller, isPart, address }: Sent) {
      if (caller === undefined || isPart || !isSimple(caller) || caller.sent.length > 1) return;
      // While an origin is down, probes are not chosen in the order of the line.
      const breaker = stage.eyes.lanes.get(address.origin)?.breaker;
      const since = stage.eyes.changedAtMs.get(address.origin) ?? -Infinity;
      if ((breaker !== undefined && breaker.state !== "closed") || since === stage.clock.now()) return;
      for (const other of stage.unsettled) {
        if (other.sent.length > 0 || !isSimple(other) || other === caller) continue;
        if (other.target.origin !== caller.target.origin) continue;
        if (hasKeys && other.target.kind !== caller.target.kind) continue;
        if ((other.options.priority ?? 0) !== (caller.options.priority ?? 0)) continue;
        if (other.startedAtMs >= caller.startedAtMs || stage.clock.now() >= deadlineOf(other)) continue;
        overtaken.push({ caller: other, by: caller });
      }
    },
  };
}

/** Checks that no request is in line in a lane that nothing blocks, while a permit is free. */
function checkIdle(stage: Stage, lane: Lane): void {
  const nowMs = stage.clock.now();
  // `blockedUntilMs()` also makes a lane forget a pause that has passed, so it must not be called too early.
  const isPausing = lane.pause !== undefined && lane.pause.untilMs > nowMs;
  if (isPausing || lane.queued === 0 || lane.blockedUntilMs(nowMs + ROUNDING_MS) > nowMs + ROUNDING_MS) {
    return;
  }
  // A wake-up that is due within the rounding error is still to come.
  if (lane.wakeUp !== undefined && lane.wakeUp.atMs - nowMs < ROUNDING_MS) return;
  let waiting: Place<Lane> | undefined;
  const look = (place: Place<Lane>): void => {
    // A limit of the request's key blocks it.
    if (place.line?.isBlocked) return;
    const { allowance } = place.waiter.errand;
    if (allowance === undefined || allowance.active < allowance.concurrency) waiting ??= place;
  };
  for (let place = lane.urgent.head; place !== undefined; place = place.next) look(place);
  lane.waiting.forEach(look);
  if (waiting === undefined) return;
  stage.fail("S11 idle", `${waiting.waiter.errand.describe().url} waits although nothing is in its way`);
}

/** Whether a request is a single one that has to wait for one origin: it can't join another one, or go to a mirror. */
function isSimple({ target, batch, how, isShared, withheld, deadAtMs, isSibling }: Caller): boolean {
  const isSingle = how === "json" || how === "text" || how === "bytes" || how === "outcome";
  return isSingle && !isSibling && batch === undefined && target.origin !== undefined && !isShared &&
    withheld === 0 &&
    deadAtMs === Infinity;
}

function deadlineOf({ startedAtMs, totalTimeoutMs }: Caller): number {
  return startedAtMs + totalTimeoutMs;
}

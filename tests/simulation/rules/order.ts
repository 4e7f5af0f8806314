/**
 * S11: first come, first served, within a priority and a lane.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** Nobody who came later is sent earlier, where nothing but a turn is waited for. */
export function orderRules(stage: Stage): RuleGroup {
  const { client } = stage.plan;
  const { cache, plain, extensions } = client;
  if (cache !== undefined || plain?.offline || extensions !== undefined) return {};
  return {
    onSend({ caller, isPart, address }: Sent) {
      if (caller === undefined || isPart || !isSimple(caller) || caller.sent.length > 1) return;
      // While an origin is down, those who find out when it is back are chosen otherwise.
      const breaker = stage.eyes.lanes.get(address.origin)?.breaker;
      const since = stage.eyes.changedAtMs.get(address.origin) ?? -Infinity;
      if ((breaker !== undefined && breaker.state !== "closed") || since === stage.clock.now()) return;
      for (const other of stage.unsettled) {
        if (other.sent.length > 0 || !isSimple(other) || other === caller) continue;
        if (other.target.origin !== caller.target.origin) continue;
        if ((other.options.priority ?? 0) !== (caller.options.priority ?? 0)) continue;
        if (other.startedAtMs >= caller.startedAtMs || stage.clock.now() >= deadlineOf(other)) continue;
        stage.fail("S11 order", `${caller.name} was sent before ${other.name}`);
      }
    },
  };
}

/** Whether a request waits for one origin only, and has no way round. */
function isSimple({ target, batch, how, isShared, withheld, deadAtMs }: Caller): boolean {
  const isSingle = how === "json" || how === "text" || how === "bytes" || how === "outcome";
  return isSingle && batch === undefined && target.origin !== undefined && !isShared && withheld === 0 &&
    deadAtMs === Infinity;
}

function deadlineOf({ startedAtMs, totalTimeoutMs }: Caller): number {
  return startedAtMs + totalTimeoutMs;
}

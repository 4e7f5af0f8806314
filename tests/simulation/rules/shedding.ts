/**
 * Load shedding: which requests are refused, and when.
 *
 * @module
 */

import { isOverloadError } from "../../../src/errors.ts";
import type { Caller } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";
import { isItems } from "./retries.ts";

const ROUNDING_MS = 0.01;

/** Creates the rules for load shedding: only single requests are refused, only with a reason, and none waits too long. */
export function sheddingRules(stage: Stage): RuleGroup {
  const { client } = stage.plan;
  const { maxQueue = Infinity, maxQueueMs = Infinity } = client.plain ?? {};
  // With these options the observer can't tell whether a request is in line: it may be answered from the cache or join
  // another request, or a middleware may keep its attempt from the network.
  const isSure = client.cache === undefined && client.use === undefined && client.extensions === undefined;
  return {
    onEnding({ ending, name, batch, sent }) {
      const { value } = ending!;
      if (ending!.ok || !isOverloadError(value)) return;
      if (batch !== undefined) return stage.fail("shedding", `${name} was refused, and is of a batch`);
      const { limit, max, waitedMs, queued } = value;
      const isRight = limit === "maxQueue"
        ? queued >= maxQueue && max === maxQueue && (sent.length === 0 || !isSure)
        : waitedMs >= maxQueueMs - ROUNDING_MS && max === maxQueueMs;
      if (!isRight) stage.fail("shedding", `${name} was refused without reason: ${value}`);
    },
    onQuiet() {
      if (maxQueueMs === Infinity || !isSure) return;
      for (const caller of stage.unsettled) checkWait(stage, caller, maxQueueMs);
    },
  };
}

function checkWait(stage: Stage, caller: Caller, maxQueueMs: number): void {
  const { batch, sent, isShared, startedAtMs, name, target, deadAtMs, isSibling } = caller;
  if (
    isSibling || batch !== undefined || sent.length > 0 || isShared || isItems(caller) || deadAtMs < Infinity
  ) return;
  // A round over several mirrors may wait in line several times.
  if (target.origin === undefined || caller.isKept) return;
  const waitedMs = stage.clock.now() - startedAtMs;
  if (waitedMs > maxQueueMs + stage.lateMs + ROUNDING_MS) {
    stage.fail("shedding", `${name} waits for ${waitedMs} ms: ${maxQueueMs} may be`);
  }
}

/**
 * S15: mirrors are used in their order, the preferred one first.
 *
 * @module
 */

import { originOf } from "../addresses.ts";
import { familyOf } from "../families.ts";
import { takesTime } from "../middleware.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/**
 * Creates the rules for mirrors: an attempt passes over a mirror only if the mirror is off, busy or down, and a 404 that is
 * final is not looked for at other mirrors.
 */
export function mirrorRules(stage: Stage): RuleGroup {
  const { mirrors, rates, bucket, cache, retryOn, hasMirrorList } = stage.plan.client;
  if (mirrors === undefined) return {};
  return {
    onSend(sent) {
      const { caller } = sent;
      checkOff(stage, sent);
      if (caller === undefined || sent.isPart || caller.target.origin !== undefined) return;
      if (
        !hasMirrorList && rates === undefined && bucket === undefined && cache === undefined &&
        caller.sent.length === 1
      ) {
        checkFirst(stage, caller, sent);
      }
      if (retryOn === undefined) checkFinal(stage, caller, sent);
    },
  };
}

/** Checks that the client sends nothing to a mirror that is off. */
function checkOff(stage: Stage, sent: Sent): void {
  const { url, atMs, isPart, caller, address: { isHop } } = sent;
  // The URL of the next page comes from the page before it, not from the list of mirrors.
  const isNextPage = caller?.how === "pages" && caller.sent[0] !== sent;
  if (isPart || isHop || isNextPage || takesTime(stage.plan.client)) return;
  const [, index] = /^https:..[^/]+.m(\d+)\//.exec(url) ?? [];
  const sinceMs = index === undefined ? undefined : stage.offMirrors.get(Number(index));
  if (sinceMs !== undefined && sinceMs < atMs) {
    stage.fail("S15", `${url} was sent although its mirror is off since ${sinceMs}`);
  }
}

function checkFirst(stage: Stage, { startedAtMs, name, batch }: Caller, { address, atMs, url }: Sent): void {
  // A request that has waited goes to the first mirror with room.
  if (startedAtMs !== atMs || batch !== undefined) return;
  const [preferred] = stage.plan.client.mirrors!;
  const origin = originOf(preferred!.origin);
  if (address.origin === origin) return;
  const lane = stage.eyes.lanes.get(origin);
  if (lane === undefined || lane.breaker?.state !== "closed") return;
  if ((stage.eyes.changedAtMs.get(origin) ?? -Infinity) === atMs) return;
  const isBusy = lane.pauseLeftMs(atMs) > 0 || lane.quota !== undefined || lane.book !== undefined ||
    lane.keyed !== undefined || lane.queued > 0 ||
    lane.inFlight >= lane.limit.current || lane.warmUp?.isCold(atMs) === true;
  if (isBusy) return;
  // While several lanes are busy, they share the permits.
  if (
    stage.openAt() > 1 ||
    stage.callers.some((other) => other.sent.length === 0 && !other.ending && other.name !== name)
  ) {
    return;
  }
  stage.fail("S15", `${url} was sent although nothing is wrong with ${origin}`);
}

function checkFinal(stage: Stage, caller: Caller, { url }: Sent): void {
  const { client } = stage.plan;
  const isFinal = caller.options.notFoundIsFinal ?? familyOf(client, caller.client).notFoundIsFinal ??
    client.plain?.notFoundIsFinal ?? true;
  const before = caller.sent.at(-2);
  if (!isFinal || before === undefined || before.status !== 404 || caller.how === "pages") return;
  stage.fail("S15", `${url} was sent although ${before.url} says that there is no such thing`);
}

/**
 * S10: how many retries there are.
 *
 * @module
 */

import type { Caller } from "../records.ts";
import type { Stage } from "../stage.ts";
import { attemptsOf, isItems, isPatient } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";

/** How long a request pays for retries, in milliseconds, and in which steps that ends. */
const WINDOW_MS = 10_000;
const STEP_MS = WINDOW_MS / 10;

/** No more retries of requests that do not wait than the budget allows, whatever happens besides. */
export function budgetRules(stage: Stage): RuleGroup {
  const { client: { retryBudget, sharesBudget, breaker, hedge }, steps } = stage.plan;
  // A second attempt beside the first is no retry.
  if (retryBudget === undefined || retryBudget === false || hedge !== undefined) return {};
  const { ratio = 0.2, minPerSecond = 10 } = retryBudget;
  const isNothing = ratio === 0 && minPerSecond === 0;
  // Those who wait pay in another way, and time stands still for all in an outage.
  const isAlone = breaker === false &&
    steps.every(({ what }) => what !== "batch" && what !== "items" && what !== "download");
  if (!isNothing && !isAlone) return {};
  const retriedAtMs: number[] = [];
  return {
    hearsAll: sharesBudget,
    onSend({ caller, isPart, url }) {
      if (caller === undefined || isPart || !isPaid(stage, caller)) return;
      // It pays as soon as the attempt before has failed, and may stand in line then.
      const { answeredAtMs, abortedAtMs } = caller.sent.at(-2)!;
      const atMs = Math.min(answeredAtMs, abortedAtMs);
      retriedAtMs.push(atMs);
      const requests = stage.callers.filter(({ startedAtMs }) => startedAtMs > atMs - WINDOW_MS - STEP_MS);
      const retries = retriedAtMs.filter((other) => other > atMs - WINDOW_MS + STEP_MS);
      const most = Math.max(ratio * requests.length, minPerSecond * WINDOW_MS / 1_000);
      if (retries.length > most) stage.fail("S10", `${url} is retry ${retries.length}: ${most} may be`);
    },
  };
}

/** Whether the latest attempt of a request is a retry that the budget pays for. */
function isPaid(stage: Stage, caller: Caller): boolean {
  const { batch, target, sent } = caller;
  if (batch !== undefined || target.origin === undefined || isItems(caller)) return false;
  if (isPatient(stage, caller)) return false;
  const before = sent.at(-2)!;
  return attemptsOf(caller).length > 1 && before.status !== 429 && !before.hasGivenWay;
}

/**
 * S10: the number of retries stays within the retry budget.
 *
 * @module
 */

import type { Caller } from "../records.ts";
import type { Stage } from "../stage.ts";
import { attemptsOf, isItems, isPatient } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";

/** The time for which a request adds to the retry budget, in milliseconds. */
const WINDOW_MS = 10_000;
/** The step in which the window moves, in milliseconds. */
const STEP_MS = WINDOW_MS / 10;

/** Creates the rule for the retry budget: requests that do not wait for an outage get no more retries than it allows. */
export function budgetRules(stage: Stage): RuleGroup {
  const { client: { retryBudget, sharesBudget, breaker, hedge }, steps } = stage.plan;
  // A hedge is no retry, but the observer can't tell them apart.
  if (retryBudget === undefined || retryBudget === false || hedge !== undefined) return {};
  const { ratio = 0.2, minPerSecond = 10 } = retryBudget;
  const isNothing = ratio === 0 && minPerSecond === 0;
  // Requests that wait for an outage pay in another way, and an outage stops the time of the budget.
  const isAlone = breaker === false &&
    steps.every(({ what }) => what !== "batch" && what !== "items" && what !== "download");
  if (!isNothing && !isAlone) return {};
  const retriedAtMs: number[] = [];
  return {
    hearsAll: sharesBudget,
    onSend({ caller, isPart, url }) {
      if (caller === undefined || isPart || !isPaid(stage, caller)) return;
      // A retry pays as soon as the attempt before it has failed; after that it may still wait in line.
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

/** Whether the latest attempt of a request is a retry that counts against the budget. */
function isPaid(stage: Stage, caller: Caller): boolean {
  const { batch, target, sent } = caller;
  if (batch !== undefined || target.origin === undefined || isItems(caller)) return false;
  if (isPatient(stage, caller)) return false;
  const before = sent.at(-2)!;
  return attemptsOf(caller).length > 1 && before.status !== 429 && !before.hasGivenWay;
}

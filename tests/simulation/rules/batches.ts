/**
 * S13: a batch pulls no more requests than it may, and closes its source.
 *
 * @module
 */

import type { BatchRecord, Sent } from "../records.ts";
import { isOver, type Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** Creates the rules for batches: they hold and send no more requests than they may, and close their sources. */
export function batchRules(stage: Stage): RuleGroup {
  return {
    onSend: ({ caller }) => caller?.batch && checkSent(stage, caller.batch),
    onQuiet() {
      for (const batch of stage.batches) {
        if (batch.ending === undefined) checkHeld(stage, batch);
      }
    },
    atEnd() {
      for (const batch of stage.batches) checkClosed(stage, batch);
    },
    atClose() {
      for (const batch of stage.batches) checkClosed(stage, batch);
    },
  };
}

function checkHeld(stage: Stage, { step, pulled, taken, name, batch }: BatchRecord): void {
  if (step.how === "record") return;
  const { concurrency = Infinity, prefetch } = step.options ?? {};
  const atOnce = Math.min(concurrency, stage.mostCapacity);
  const maxWaiting = Math.max(1, stage.plan.client.plain?.maxWaiting ?? 1_000);
  const most = atOnce + (prefetch ?? atOnce) + maxWaiting;
  if (batch !== undefined) {
    const { active, asleep } = batch.allowance;
    if (active < 0 || asleep < 0) stage.fail("S13", `${name} has ${active} under way and ${asleep} asleep`);
    if (active > concurrency) stage.fail("S13", `${active} of ${name} are under way: ${concurrency} may be`);
    if (active + asleep > most) stage.fail("S13", `${name} has begun ${active + asleep}: ${most} may be`);
  }
  if (step.how !== "stream") return;
  // A batch may have pulled one request more from an asynchronous source.
  if (pulled.length - taken > most + 1) {
    stage.fail("S13", `${name} holds ${pulled.length - taken}: ${most} may be`);
  }
}

/** Checks that a batch has no more attempts on the wire than its concurrency, including hedges, without aborted attempts. */
function checkSent(stage: Stage, { step, pulled, name }: BatchRecord): void {
  const { concurrency = Infinity } = step.options ?? {};
  const isOpen = (sent: Sent): boolean =>
    !sent.isPart && !isOver(sent) && sent.abortedAtMs === Infinity && sent.status === 0;
  let open = 0;
  for (const { sent } of pulled) open += sent.filter(isOpen).length;
  if (open > concurrency) stage.fail("S13", `${open} of ${name} are on the wire: ${concurrency} may be`);
}

/** Checks that a batch has closed its source if the source had not ended by itself. */
function checkClosed(stage: Stage, batch: BatchRecord): void {
  const { ending, step, hasEnded, returns, name, pulled } = batch;
  if (ending === undefined || step.how === "record") return;
  const wasAsked = pulled.length > 0 || batch.batch !== undefined;
  if (!hasEnded && wasAsked && returns === 0) stage.fail("S13", `the source of ${name} was not closed`);
}

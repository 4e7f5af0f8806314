/**
 * Combines all rules of the simulation.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";
import type { Stage, StageListener } from "../stage.ts";
import { batchRules } from "./batches.ts";
import { breakerRules } from "./breakers.ts";
import { budgetRules } from "./budgets.ts";
import { cacheRules } from "./caches.ts";
import { endingRules } from "./endings.ts";
import { learntRules } from "./learnt.ts";
import { limitRules } from "./limits.ts";
import { mirrorRules } from "./mirrors.ts";
import { orderRules } from "./order.ts";
import { pauseRules } from "./pauses.ts";
import { retryRules } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";
import { secretRules } from "./secrets.ts";
import { sheddingRules } from "./shedding.ts";
import { timeRules } from "./times.ts";
import { valueRules } from "./values.ts";

/** All rules that a run checks. */
export class Rules implements StageListener {
  readonly #groups: readonly RuleGroup[];

  constructor(groups: readonly RuleGroup[]) {
    this.#groups = groups;
  }

  onSend(sent: Sent): void {
    for (const group of this.#groups) if (hears(group, sent.caller)) group.onSend?.(sent);
  }

  onAnswer(sent: Sent): void {
    for (const group of this.#groups) if (hears(group, sent.caller)) group.onAnswer?.(sent);
  }

  onEnding(caller: Caller): void {
    for (const group of this.#groups) if (hears(group, caller)) group.onEnding?.(caller);
  }

  onQuiet(): void {
    for (const group of this.#groups) group.onQuiet?.();
  }

  atEnd(): void {
    for (const group of this.#groups) group.atEnd?.();
  }

  atClose(): void {
    for (const group of this.#groups) group.atClose?.();
  }
}

function hears({ hearsAll = false }: RuleGroup, caller: Caller | undefined): boolean {
  return hearsAll || !caller?.isSibling;
}

/** Creates the rules of the design for one stage. */
export function createRules(stage: Stage): Rules {
  return new Rules([
    limitRules(stage),
    orderRules(stage),
    pauseRules(stage),
    learntRules(stage),
    sheddingRules(stage),
    breakerRules(stage),
    retryRules(stage),
    budgetRules(stage),
    mirrorRules(stage),
    batchRules(stage),
    timeRules(stage),
    secretRules(stage),
    cacheRules(stage),
    valueRules(stage),
    endingRules(stage),
  ]);
}

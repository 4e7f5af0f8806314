/**
 * Every caller gets the value that it requested, and the right number of attempts.
 *
 * @module
 */

import { hasBody, isIntact } from "../bodies.ts";
import { takesTime } from "../middleware.ts";
import type { Caller } from "../records.ts";
import type { Stage } from "../stage.ts";
import { isItems } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";

/** Creates the rules for values: a value belongs to its caller, and the reported attempts are those that the network saw. */
export function valueRules(stage: Stage): RuleGroup {
  return {
    hearsAll: true,
    onEnding(caller) {
      if (caller.ending!.ok) checkValue(stage, caller);
      checkAttempts(stage, caller);
    },
  };
}

function checkValue(stage: Stage, { ending, target, name, how, options }: Caller): void {
  const hasSchema = options.schema !== undefined && how !== "text" && how !== "bytes" && how !== "fetch" &&
    how !== "events" && how !== "download";
  const { as = how } = options;
  if (
    hasSchema && how !== "lines" && (ending!.value as { readonly u?: string } | undefined)?.u === undefined
  ) {
    stage.fail("value", `${name} has got what its schema does not take`);
  }
  const isTransformed = (ending!.value as { readonly isTransformed?: true } | undefined)?.isTransformed;
  if (how !== "lines" && hasSchema && (options.schema === "transforms") !== (isTransformed ?? false)) {
    stage.fail("value", `${name} has got what another schema has made`);
  }
  const value = as === "text" ? parsed(ending!.value) : ending!.value;
  if (typeof value !== "object" || value === null || value instanceof Response) return;
  const { u, user, body } = value as { readonly u?: string; readonly user?: string; readonly body?: string };
  if (body !== undefined && hasBody(target) && !isIntact(target, body)) {
    stage.fail("value", `${name} has sent ${body.slice(0, 80)}`);
  }
  if (u !== undefined && u !== target.id) stage.fail("value", `${name} has got what is ${u}'s`);
  if (u !== undefined && user !== target.user && user !== undefined) {
    stage.fail("cache", `${name} has got what is for ${user}`);
  }
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch { // any other page in place of the data: it can't be another caller's data
    return undefined;
  }
}

/** Checks that the number of attempts in a result is the number that the network saw. */
function checkAttempts(stage: Stage, caller: Caller): void {
  const { ending, name, isShared, withheld, sent } = caller;
  const { attempts, from } = ending!;
  if (attempts === undefined || isShared || isItems(caller)) return;
  const seen = sent.filter(({ isPart }) => !isPart).length + withheld;
  const { client } = stage.plan;
  // A middleware may have thrown before the attempt was sent.
  const isUsed = [client, ...client.extensions ?? []].some(({ use }) => use !== undefined);
  const isEarly = caller.deadAtMs < Infinity || isUsed;
  if (attempts === seen || (isEarly && attempts === seen + 1)) return;
  // After a middleware has requested a token, an attempt may have no time left to be sent.
  if (from === "cache" || from === "stale" || (seen < attempts && takesTime(client))) {
    return;
  }
  stage.fail("attempts", `${name} says that it took ${attempts} attempts: ${seen} were seen`);
}

/**
 * S1: what is sent again. S3: when. S10: how often.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import { leastBackoffMs, leastPauseMs } from "./backoffs.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 0.01;

/** Nothing is sent twice that must not be, nor after its end, nor too soon, nor too often. */
export function retryRules(stage: Stage): RuleGroup {
  return {
    onSend(sent) {
      const { caller } = sent;
      if (stage.closedAtMs < stage.clock.now()) stage.fail("S6", `${sent.url} was sent after close()`);
      if (sent.signal?.aborted) stage.fail("S6", `${sent.url} was sent with a signal that has aborted`);
      if (caller === undefined) return;
      checkDead(stage, caller, sent);
      if (sent.isPart || isItems(caller)) return;
      checkRepeated(stage, caller, sent);
      checkCount(stage, caller);
      checkBackoff(stage, caller, sent);
    },
    atEnd: () => checkBudget(stage),
  };
}

function isItems({ how }: Caller): boolean {
  return how === "lines" || how === "events" || how === "pages";
}

function checkDead(stage: Stage, caller: Caller, { url, atMs }: Sent): void {
  if (caller.deadAtMs < atMs) stage.fail("S6", `${url} was sent after its abort`);
  const { ending } = caller;
  if (ending !== undefined && ending.atMs < atMs && caller.batch === undefined && !isItems(caller)) {
    stage.fail("S1", `${url} was sent although its caller has the answer`);
  }
}

/** The attempts of a request before one, as the network sees them. */
function attemptsOf({ sent }: Caller): Sent[] {
  return sent.filter(({ isPart }) => !isPart);
}

function checkRepeated(stage: Stage, caller: Caller, { url, method }: Sent): void {
  if (!caller.isRepeatable && attemptsOf(caller).length > 1) stage.fail("S1", `${method} ${url} was sent twice`);
}

function checkCount(stage: Stage, caller: Caller): void {
  const { client, origins } = stage.plan;
  const mirrors = caller.target.origin === undefined ? client.mirrors?.length ?? 1 : 1;
  // A 429 while others are served, and a probe that fails, are no rounds for a batch.
  const isCounted = caller.batch === undefined ||
    (client.breaker === false && origins.every(({ phases }) => phases.length === 0));
  const most = (caller.maxRetries + 1) * mirrors;
  const patient = caller.options.onOpen ?? (client.breaker || undefined)?.onOpen;
  if (isCounted && patient !== "wait" && attemptsOf(caller).length > most) {
    stage.fail("S1", `${caller.name} was sent ${attemptsOf(caller).length} times with ${caller.maxRetries} retries`);
  }
}

/** A single request with one place to go waits between its rounds. */
function checkBackoff(stage: Stage, caller: Caller, sent: Sent): void {
  const { client } = stage.plan;
  if (caller.batch !== undefined || caller.target.origin === undefined || caller.withheld > 0) return;
  if (client.retryOn !== undefined || (caller.options.onOpen ?? (client.breaker || undefined)?.onOpen) === "wait") return;
  const attempts = attemptsOf(caller);
  const before = attempts.at(-2);
  if (before === undefined) return;
  const last = caller.sent.at(-2)!;
  const endedAtMs = Math.min(last.answeredAtMs, last.abortedAtMs);
  const backoffMs = leastBackoffMs(client.backoff, attempts.length - 1);
  const unnamedMs = last.status === 429 ? Math.min(backoffMs, leastPauseMs(client.backoff)) : backoffMs;
  const leastMs = last.waitMs ?? unnamedMs;
  if (sent.atMs - endedAtMs < leastMs - ROUNDING_MS) {
    stage.fail("S3", `${sent.url} was sent ${sent.atMs - endedAtMs} ms after a failure, and not ${leastMs}`);
  }
}

/** Where every retry is paid for, there are no more than the budget allows in the whole run. */
function checkBudget(stage: Stage): void {
  const { client: { retryBudget, breaker }, steps } = stage.plan;
  if (retryBudget === undefined || retryBudget === false) return;
  const isPatient = breaker !== false && breaker?.onOpen === "wait";
  const isOthers = steps.some((step) =>
    step.what === "batch" || step.what === "items" || (step.what === "call" && step.options?.onOpen === "wait")
  );
  // Those who wait for an outage pay for their retries in another way.
  if (isPatient || isOthers) return;
  const retries = stage.callers.flatMap((caller) => paidRetries(caller)).length;
  const { ratio = 0.2, minPerSecond = 10 } = retryBudget;
  // A window of ten seconds, again and again.
  const windows = 1 + stage.clock.now() / 10_000;
  const most = Math.max(ratio * stage.callers.length, 10 * minPerSecond) * windows;
  const successes = stage.callers.filter((caller) => attemptsOf(caller).length > 1 && caller.ending?.ok).length;
  if (retries > most + 2 * successes) stage.fail("S10", `${retries} retries were made: ${most} may be`);
}

/** Retries after anything but a 429; of a request with one place to go. */
function paidRetries(caller: Caller): Sent[] {
  if (caller.target.origin === undefined || caller.isShared) return [];
  const attempts = attemptsOf(caller);
  return attempts.filter((_, index) => index > 0 && caller.sent[caller.sent.indexOf(attempts[index]!) - 1]!.status !== 429);
}

/**
 * S1: the requests that may be sent again. S3: the time of a retry.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import { leastBackoffMs, leastPauseMs } from "./backoffs.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 0.01;

/** Creates the rules for retries: no request is sent twice that must not be, or after its end, too soon, or too often. */
export function retryRules(stage: Stage): RuleGroup {
  return {
    onSend(sent) {
      const { caller } = sent;
      // Stale entries are validated in the background, and `close()` waits for that.
      const isBackground = stage.plan.client.cache !== undefined && caller === undefined;
      if (stage.closedAtMs < stage.clock.now() && !isBackground) {
        stage.fail("S6", `${sent.url} was sent after close()`);
      }
      if (sent.signal?.aborted) stage.fail("S6", `${sent.url} was sent with a signal that has aborted`);
      if (caller === undefined) return;
      checkDead(stage, caller, sent);
      if (sent.isPart || isItems(caller)) return;
      checkAlone(stage, caller, sent);
      checkRepeated(stage, caller, sent);
      checkCount(stage, caller);
      checkAsked(stage, caller, sent);
      checkBackoff(stage, caller, sent);
    },
  };
}

export function isItems({ how }: Caller): boolean {
  return how === "lines" || how === "events" || how === "pages" || how === "download";
}

function checkDead(stage: Stage, caller: Caller, { url, atMs }: Sent): void {
  if (caller.deadAtMs < atMs) stage.fail("S6", `${url} was sent after its abort`);
  const { ending } = caller;
  if (ending !== undefined && ending.atMs < atMs && caller.batch === undefined && !isItems(caller)) {
    stage.fail("S1", `${url} was sent although its caller has the answer`);
  }
}

/** Whether a request waits for an open breaker. */
export function isPatient({ plan: { client: { breaker } } }: Stage, { options, batch }: Caller): boolean {
  const onOpen = options.onOpen ?? (breaker || undefined)?.onOpen ?? (batch === undefined ? "fail" : "wait");
  return onOpen === "wait";
}

/** Returns the attempts of a request in the order in which the network saw them, without the parts of attempts. */
export function attemptsOf({ sent }: Caller): Sent[] {
  return sent.filter(({ isPart }) => !isPart);
}

/** Checks that an attempt begins only after the end of the attempt before it, unless hedging is on. */
function checkAlone(stage: Stage, caller: Caller, { url }: Sent): void {
  if (stage.hasLost || (stage.plan.client.hedge !== undefined && caller.options.hedge !== false)) return;
  const before = caller.sent.at(-2);
  if (before === undefined || before.answeredAtMs < Infinity || before.abortedAtMs < Infinity) return;
  stage.fail("S6", `${url} was sent while #${before.index} is under way`);
}

function checkRepeated(stage: Stage, caller: Caller, { url, method }: Sent): void {
  if (!caller.isRepeatable && attemptsOf(caller).length > 1) {
    stage.fail("S1", `${method} ${url} was sent twice`);
  }
}

function checkCount(stage: Stage, caller: Caller): void {
  const { client, origins } = stage.plan;
  const added = stage.plan.steps.filter((step) => step.what === "mirror" && step.does === "add").length;
  const mirrors = caller.target.origin === undefined ? (client.mirrors?.length ?? 1) + added : 1;
  // For a batch, a 429 while other requests are served, and a failed probe, do not count as attempts.
  const isCounted = caller.batch === undefined ||
    (client.breaker === false &&
      origins.every(({ phases, limit }) => phases.length === 0 && limit === undefined));
  const most = (caller.maxRetries + 1) * mirrors * (client.hedge === undefined ? 1 : 2);
  const used = attemptsOf(caller).filter(({ hasGivenWay }) => !hasGivenWay);
  // Of a single call without an own number of retries, three 429s while other requests are served do not count either.
  const refused = caller.maxRetries < 3 ? 0 : used.filter(({ status }) => status === 429).length;
  if (isCounted && !isPatient(stage, caller) && used.length > most + Math.min(3, refused)) {
    stage.fail(
      "S1",
      `${caller.name} was sent ${attemptsOf(caller).length} times with ${caller.maxRetries} retries`,
    );
  }
}

/** Checks that a request which was told to wait is not repeated before that time. Skips requests through mirrors. */
function checkAsked(stage: Stage, caller: Caller, { url, atMs }: Sent): void {
  const { client } = stage.plan;
  if (client.hedge !== undefined || client.use !== undefined || client.extensions !== undefined) return;
  if (caller.target.origin === undefined) return;
  const before = attemptsOf(caller).at(-2);
  if (before === undefined || before.url !== url || before.abortedAtMs < Infinity) {
    return;
  }
  if (before.status !== 429 && before.status !== 503) return;
  const dueMs = before.answeredAtMs + (before.waitMs ?? 0);
  if (atMs < dueMs - ROUNDING_MS) {
    stage.fail("S4", `${url} was sent at ${atMs} although it was asked to wait until ${dueMs}`);
  }
}

/** Checks the backoff between the attempts of a single request. Skips requests through mirrors. */
function checkBackoff(stage: Stage, caller: Caller, sent: Sent): void {
  const { client } = stage.plan;
  if (caller.batch !== undefined || caller.target.origin === undefined || caller.withheld > 0) return;
  if (client.retryOn !== undefined || client.hedge !== undefined || isPatient(stage, caller)) return;
  const attempts = attemptsOf(caller);
  const before = attempts.at(-2);
  if (before === undefined || before.hasGivenWay) return;
  const used = attempts.filter(({ hasGivenWay }) => !hasGivenWay);
  const last = caller.sent.at(-2)!;
  const endedAtMs = Math.min(last.answeredAtMs, last.abortedAtMs);
  if ((last.waitMs ?? 0) > (client.plain?.maxRetryAfterMs ?? 60_000)) {
    return stage.fail("S4", `${sent.url} was sent although it was told to wait for ${last.waitMs} ms`);
  }
  const backoffMs = leastBackoffMs(client.backoff, used.length - 1);
  const unnamedMs = last.status === 429 ? Math.min(backoffMs, leastPauseMs(client.backoff)) : backoffMs;
  const leastMs = last.waitMs ?? unnamedMs;
  if (sent.atMs - endedAtMs < leastMs - ROUNDING_MS) {
    stage.fail("S3", `${sent.url} was sent ${sent.atMs - endedAtMs} ms after a failure, and not ${leastMs}`);
  }
}

/**
 * S6: aborts and timeouts. S8: bodies of no use. S9: the total timeout.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";
import { isOver, type Stage } from "../stage.ts";
import { isItems } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 0.01;

/** The longest time for which the client receives a body that it discards, in milliseconds. */
const DISCARD_MS = 250;

/** Creates the rules for times: every request, batch and body ends in time. */
export function timeRules(stage: Stage): RuleGroup {
  return {
    onQuiet() {
      for (const caller of stage.unsettled) checkCaller(stage, caller);
      for (const batch of stage.batches) {
        if (
          batch.visit?.isOver || batch.ending !== undefined || !batch.mustEnd || batch.step.how === "stream"
        ) continue;
        stage.fail("S6", `${batch.name} has not ended although it was aborted, or the client closed`);
      }
      for (const sent of stage.open) if (!isOver(sent)) checkSent(stage, sent);
    },
    onEnding(caller) {
      const { ending, startedAtMs, totalTimeoutMs, name, batch, how, deadAtMs } = caller;
      if (batch !== undefined && batch.step.how !== "all" && ending!.atMs > deadAtMs + ROUNDING_MS) {
        stage.fail("S6", `${name} has ended at ${ending!.atMs}, and was aborted at ${deadAtMs}`);
      }
      const tookMs = ending!.atMs - startedAtMs;
      if (batch?.step.source.startsWith("async") || isItems(caller)) return;
      if (how === "all" || batch?.step.how === "all") return;
      if (tookMs > totalTimeoutMs + stage.lateMs + ROUNDING_MS) {
        stage.fail("S9", `${name} took ${tookMs} ms in place of ${totalTimeoutMs}`);
      }
    },
  };
}

function checkCaller(
  stage: Stage,
  caller: Caller,
): void {
  const { mustEndWith, name, batch, startedAtMs, totalTimeoutMs } = caller;
  if (mustEndWith !== undefined && !caller.isBusy) {
    stage.fail("S6", `${name} has not ended although it was aborted`);
  }
  if (batch !== undefined || isItems(caller)) return;
  if (stage.clock.now() > startedAtMs + totalTimeoutMs + stage.lateMs + ROUNDING_MS) {
    stage.fail("S9", `${name} has not ended although its total time is over`);
  }
}

function checkSent(stage: Stage, sent: Sent): void {
  const nowMs = stage.clock.now();
  const { caller, url, answeredAtMs, atMs, status } = sent;
  if (sent.abortedAtMs < nowMs - ROUNDING_MS) return stage.fail("S6", `${url} goes on after it was stopped`);
  if (caller === undefined || caller.client > 0) return;
  const { timeoutMs, streams } = caller;
  // The time of an attempt includes the requests before a redirect or a repetition by a middleware.
  const startedAtMs = sent.isPart
    ? caller.sent.findLast((other) => !other.isPart && other.atMs <= atMs)!.atMs
    : atMs;
  if (answeredAtMs === Infinity || !streams) {
    const endsAtMs = startedAtMs + timeoutMs + stage.lateMs + ROUNDING_MS;
    if (nowMs > endsAtMs && status < 400) {
      return stage.fail("S6", `${url} is under way for longer than ${timeoutMs} ms`);
    }
  } else if (caller.ending !== undefined) checkReader(stage, sent, caller);
  if (
    status >= 400 && caller.ending === undefined && !streams &&
    nowMs > answeredAtMs + DISCARD_MS + stage.lateMs + ROUNDING_MS
  ) {
    stage.fail("S8", `${url} is still received although its ${status} is of no use`);
  }
}

/** Checks the idle timeout of a streamed body while its caller reads it. */
function checkReader(stage: Stage, sent: Sent, caller: Caller): void {
  const nowMs = stage.clock.now();
  const { timeoutMs, readingSinceMs, options } = caller;
  const idleMs = options.idleTimeoutMs ?? stage.plan.client.plain?.idleTimeoutMs ?? timeoutMs;
  const bytes = sent.entry?.bytesSent ?? 0;
  if (bytes !== sent.bytes) {
    sent.bytes = bytes;
    sent.activeAtMs = nowMs;
  }
  if (nowMs > Math.max(sent.activeAtMs, readingSinceMs) + idleMs + stage.lateMs + ROUNDING_MS) {
    stage.fail("S6", `${sent.url} brings nothing for longer than ${idleMs} ms`);
  }
}

/**
 * Every request ends exactly once, and leaves nothing behind.
 *
 * @module
 */

import { takesTime } from "../middleware.ts";
import type { BatchRecord } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** Creates the rules for endings: no caller waits for ever, and the client's statistics and events add up. */
export function endingRules(stage: Stage): RuleGroup {
  return {
    atEnd() {
      for (const caller of stage.unsettled) {
        if (caller.batch === undefined) stage.fail("end", `${caller.name} has never ended`);
      }
      for (const batch of stage.batches) {
        if (batch.ending === undefined && !isStalled(batch) && !batch.visit?.isOver) {
          stage.fail("end", `${batch.name} has never ended`);
        }
      }
      for (const name of stage.endings) stage.fail("end", `${name} has never ended`);
      checkNumbers(stage);
      checkFlights(stage);
      checkEvents(stage);
    },
    atClose() {
      for (const batch of stage.batches) {
        if (batch.ending === undefined && !batch.visit?.isOver) {
          stage.fail("end", `${batch.name} has not ended although the client is closed`);
        }
      }
      for (const name of stage.endings) stage.fail("end", `${name} has never ended`);
      const { pending } = stage.clock;
      if (pending > 0) stage.fail("end", `${pending} timers are armed at the end`);
      stage.controllers.forEach(({ listeners }, index) => {
        if (listeners > 0) stage.fail("S7", `${listeners} listeners are left on signal ${index}`);
      });
      checkNumbers(stage);
      checkFlights(stage);
      checkEvents(stage);
    },
  };
}

/** Whether a batch waits for a source that has stalled; it then lasts until an abort or `close()` ends it. */
function isStalled({ step: { source }, isAsked }: BatchRecord): boolean {
  return source === "stalled" && isAsked;
}

function checkFlights(stage: Stage): void {
  if (stage.hasLost) return;
  for (const { size } of stage.eyes.flights) {
    if (size > 0) stage.fail("end", `${size} calls may still be joined that have ended`);
  }
}

function checkNumbers(stage: Stage): void {
  // In a worker, the client does not notice that visitors have left.
  if (stage.hasLost) return;
  for (const client of [...stage.clients, ...stage.sibling === undefined ? [] : [stage.sibling]]) {
    const { inFlight, queued, requests, succeeded, failed } = client.stats();
    // In a worker, an unread body ends with its visit, which the client does not notice.
    if ((inFlight !== 0 && !stage.plan.client.isWorker) || queued !== 0) {
      stage.fail("stats", `${inFlight} are in flight, and ${queued} queued`);
    }
    if (requests !== succeeded + failed) {
      stage.fail("stats", `${requests} requests have ${succeeded} successes and ${failed} failures`);
    }
  }
  checkOwnNumbers(stage);
  checkOrigins(stage);
}

/** Checks that the client counts as many attempts per origin as the network saw. Skips clients with middleware. */
function checkOrigins(stage: Stage): void {
  const { plan: { client }, clients, sent } = stage;
  // A user's callback may abort an attempt before it is sent.
  if (client.interferes !== undefined) return;
  if (client.use !== undefined || client.extensions?.some(({ use }) => use !== undefined)) return;
  for (const [origin, { attempts }] of Object.entries(clients[0]!.stats().origins)) {
    const seen = sent.filter(({ isPart, address, caller }) =>
      !isPart && !caller?.isSibling && address.origin === origin
    ).length;
    if (attempts !== seen) {
      stage.fail("stats", `the client counts ${attempts} attempts at ${origin} of ${seen}`);
    }
  }
}

/** Checks the client's counts of requests and successes against the callers, if the script has only single requests. */
function checkOwnNumbers(stage: Stage): void {
  const { plan: { steps, client }, clients, callers } = stage;
  if (
    client.hasSibling || client.extensions !== undefined || client.interferes !== undefined ||
    takesTime(client) ||
    !steps.every(({ what }) => what === "call" || what === "abort" || what === "close")
  ) {
    return;
  }
  const { requests, succeeded } = clients[0]!.stats();
  // The client does not count a request that could not begin: its signal had aborted, the client was closed, or its body was
  // not read in time.
  const begun = callers.filter(({ startedAtMs, deadAtMs, isKept, sent }) =>
    (deadAtMs > startedAtMs || deadAtMs === Infinity) && !(isKept && sent.length === 0)
  );
  const isKnown = begun.length === callers.length;
  const ok = callers.filter(({ ending }) => ending?.ok).length;
  if ((isKnown && requests !== callers.length) || succeeded !== ok) {
    stage.fail(
      "stats",
      `the client counts ${succeeded} of ${requests}, and its callers ${ok} of ${callers.length}`,
    );
  }
}

function checkEvents(stage: Stage): void {
  const { listens, isWorker, cache } = stage.plan.client;
  // In a worker, background work ends with the visit that began it.
  if (listens !== "always" || stage.hasLost || (isWorker && cache !== undefined)) return;
  const states = new Map<number, string>();
  for (const event of stage.events) {
    if (event.type !== "queued" && event.type !== "settled") continue;
    const before = states.get(event.requestId);
    const isRight = event.type === "queued" ? before === undefined : before === "queued";
    if (!isRight) {
      stage.fail("events", `'${event.type}' of request ${event.requestId} came after '${before}'`);
    }
    states.set(event.requestId, event.type);
  }
  for (const [id, state] of states) {
    if (state !== "settled") stage.fail("events", `request ${id} was never settled`);
  }
}

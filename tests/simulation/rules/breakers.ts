/**
 * S14: circuit breakers and their probes. S14b: the patience of requests that wait for an open breaker.
 *
 * @module
 */

import { isCircuitOpenError } from "../../../src/errors.ts";
import type { Lane } from "../../../src/lanes/lane.ts";
import type { Place } from "../../../src/lanes/waiter.ts";
import type { Call } from "../../../src/policies/call.ts";
import { originOf } from "../addresses.ts";
import { takesTime } from "../middleware.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import { isItems, isPatient } from "./retries.ts";
import type { RuleGroup } from "./rule.ts";

/** The longest time until a probe must have its headers, in milliseconds. */
const PROBE_MS = 5_000;
/** The default patience: the age of an outage up to which requests wait for its end, in milliseconds. */
const PATIENCE_MS = 30_000;
const ROUNDING_MS = 0.01;

/**
 * Creates the rules for breakers: while a breaker is open, the client sends nothing; while it is half-open, one probe at a
 * time; and no request waits longer than its patience.
 */
export function breakerRules(stage: Stage): RuleGroup {
  if (stage.plan.client.breaker === false) return {};
  return {
    onSend: (sent) => checkSend(stage, sent),
    onEnding: (caller) => checkRefusal(stage, caller),
    onQuiet() {
      for (const lane of stage.eyes.lanes.values()) checkPatience(stage, lane);
      checkImpatient(stage);
    },
  };
}

function checkSend(stage: Stage, sent: Sent): void {
  const { address: { origin }, url, atMs } = sent;
  const state = stage.eyes.lanes.get(origin)?.breaker?.state;
  if (sent.isPart || takesTime(stage.plan.client) || state === undefined || state === "closed") return;
  const changedAtMs = stage.eyes.changedAtMs.get(origin)!;
  if (state === "open") {
    // The scheduler may have admitted the request just before the breaker opened.
    if (changedAtMs < atMs) {
      stage.fail("S14", `${url} was sent although the breaker is open since ${changedAtMs}`);
    }
    return;
  }
  // A probe for a visitor who has left is abandoned, so another probe may follow it.
  const probe = stage.sent.slice(stage.sentAtChange.get(origin)).find((other) =>
    other !== sent && !other.isPart && !(other.isOver && stage.hasLost) && !other.caller?.isSibling &&
    other.address.origin === origin &&
    other.answeredAtMs === Infinity && other.abortedAtMs === Infinity
  );
  if (probe !== undefined) stage.fail("S14", `${url} was sent although #${probe.index} is a probe`);
}

/** Checks that a request was refused only because a breaker was open. */
function checkRefusal(stage: Stage, caller: Caller): void {
  const { ending, name, batch } = caller;
  const { value } = ending!;
  if (ending!.ok || !isCircuitOpenError(value)) return;
  if (!(value.retryAfterMs > 0)) stage.fail("S14", `${name} was refused for ${value.retryAfterMs} ms`);
  // The observer sees the outcomes of a batch, and pages that were loaded ahead, only later.
  if (batch !== undefined || caller.how === "pages") return;
  checkPatienceKept(stage, caller);
  const states = [...stage.eyes.lanes.values()].map(({ breaker, key }) =>
    breaker?.state !== "closed" || stage.eyes.changedAtMs.get(key) === stage.clock.now()
  );
  if (!states.includes(true)) stage.fail("S14", `${name} was refused although every breaker is closed`);
}

/** Checks that a request that waits for the end of an outage is not refused before its patience has ended. */
function checkPatienceKept(stage: Stage, caller: Caller): void {
  const { options, target, totalTimeoutMs, name, isShared } = caller;
  if (!isPatient(stage, caller) || target.origin === undefined || totalTimeoutMs < Infinity || isShared) {
    return;
  }
  const lane = stage.eyes.lanes.get(originOf(target.origin));
  if (lane?.outage.sinceMs === undefined) return;
  const saidMs = options.patienceMs ?? (stage.plan.client.breaker || undefined)?.patienceMs;
  // The default patience applies only to an origin that has answered before.
  if (saidMs === undefined && !lane.hasAnswered) return;
  const patienceMs = saidMs ?? PATIENCE_MS;
  const ageMs = stage.clock.now() - lane.outage.sinceMs;
  if (ageMs < patienceMs - ROUNDING_MS) {
    stage.fail("S14b", `${name} was refused after ${ageMs} ms of its patience of ${patienceMs}`);
  }
}

/** Checks that requests wait for the end of an outage only as long as their patience, plus the time of the last probe. */
function checkPatience(stage: Stage, lane: Lane): void {
  const { breaker, outage } = lane;
  if (outage.sinceMs === undefined || breaker?.state !== "open") return;
  // A probe also has to wait for a permit or a token, which is not checked here.
  const { rates, hasKeys } = stage.plan.client;
  const isLimited = rates !== undefined || stage.bucket !== undefined || hasKeys || lane.book !== undefined;
  // The requests of visitors who have left stay in line for ever.
  if (
    stage.hasLost || isLimited || !stage.eyes.scheduler!.round.isIdle || lane.inFlight >= lane.limit.current
  ) {
    return;
  }
  const nowMs = stage.clock.now();
  // No probe goes to an origin that has asked for a pause.
  if (lane.pauseLeftMs(nowMs) > 0) return;
  const look = ({ waiter: { errand, lanes } }: Place<Lane>): void => {
    if (lanes.length > 1 || errand.patienceMs === 0) return;
    // The request may also wait for room in its batch.
    const { allowance } = errand;
    if (allowance !== undefined && allowance.active >= allowance.concurrency) return;
    const { startedAtMs } = errand as Call;
    const overMs = nowMs - Math.max(startedAtMs, outage.patienceEnd(errand, nowMs));
    if (overMs <= PROBE_MS + stage.sleptMs + ROUNDING_MS) return;
    stage.fail(
      "S14b",
      `${errand.describe().url} waits ${overMs} ms longer than its patience for ${lane.key}`,
    );
  };
  for (let place = lane.urgent.head; place !== undefined; place = place.next) look(place);
  lane.waiting.forEach(look);
}

/** Checks that a single request without patience does not wait for an open breaker. */
function checkImpatient(stage: Stage): void {
  const { client } = stage.plan;
  // With a middleware that requests a token first, an admitted request sends nothing for a while.
  if (client.cache !== undefined || client.plain?.offline || takesTime(client)) return;
  for (const caller of stage.unsettled) {
    if (
      caller.isSibling || caller.batch !== undefined || caller.sent.length > 0 || caller.withheld > 0 ||
      caller.isShared || caller.isKept
    ) {
      continue;
    }
    const { target } = caller;
    if (target.origin === undefined || isItems(caller)) continue;
    if (isPatient(stage, caller)) continue;
    const lane = stage.eyes.lanes.get(originOf(target.origin));
    if (lane?.breaker?.state !== "open" || lane.breaker.refusesForMs(Infinity) < 1) continue;
    stage.fail("S14b", `${caller.name} waits for a breaker that is open`);
  }
}

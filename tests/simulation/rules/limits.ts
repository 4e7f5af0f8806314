/**
 * S11: bodies in flight. S12: tokens.
 *
 * @module
 */

import { limitKeyOf } from "../addresses.ts";
import { takesTime } from "../middleware.ts";
import type { RatePlan } from "../plan.ts";
import type { Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** The lateness of timers that a bucket makes up for while callers wait, in milliseconds. */
const FORGIVEN_MS = 5;
const ROUNDING = 1e-6;

/** Creates the rules for limits: never more bodies in flight than permits, and never more attempts than tokens. */
export function limitRules(stage: Stage): RuleGroup {
  const takeToken = tokenRule(stage);
  const takeShared = bucketRule(stage);
  return {
    hearsAll: true,
    onSend(sent) {
      const { capacity } = stage;
      const { origin } = sent.address;
      const open = stage.openAt();
      // The limit may have fallen after the attempt was admitted to which this request belongs.
      const isLate = mayBeLate(stage, sent) && stage.semaphore !== undefined;
      if (open + stage.lent > capacity && !isLate) {
        stage.fail("S11", `${open} bodies are in flight, and ${stage.lent} lent: ${capacity} may be`);
      }
      if (!sent.isPart) takeShared(sent);
      if (sent.caller?.isSibling) return;
      const most = mostAt(stage, origin);
      const there = most === Infinity ? 0 : stage.openAt(origin, false);
      if (there > most) {
        stage.fail("S11", `${there} bodies are in flight at ${origin}: ${most} may be`);
      }
      if (!sent.isPart) takeToken(sent);
    },
    onQuiet() {
      const open = stage.openAt();
      // In a worker, an attempt that another request ends goes on until its own visit is over.
      if (stage.plan.client.isWorker) return;
      const inFlight = (stage.eyes.scheduler?.inFlight ?? 0) + (stage.sibling?.stats().inFlight ?? 0);
      if (open > inFlight) stage.fail("S11", `${open} bodies are in flight with ${inFlight} permits`);
      const { semaphore } = stage;
      if (semaphore !== undefined && semaphore.inUse !== inFlight + stage.lent) {
        stage.fail("S11", `${semaphore.inUse} permits of the semaphore are out, for ${inFlight} attempts`);
      }
    },
    atEnd: () => checkIdle(stage),
    atClose: () => checkIdle(stage),
  };
}

/** Whether a request may be sent later than its attempt was admitted. */
function mayBeLate({ plan }: Stage, { isPart }: Sent): boolean {
  return isPart || takesTime(plan.client);
}

function mostAt(stage: Stage, origin: string): number {
  const { perOrigin } = stage.plan.client;
  // A request that follows a redirect does not pass the lane of its new origin.
  if (perOrigin === undefined || hasRedirects(stage)) return Infinity;
  if (typeof perOrigin === "number") return perOrigin;
  const { lanes, limits } = stage.eyes;
  const sampled = limits.get(origin);
  const before = sampled?.atMs === stage.clock.now() ? sampled.most : 0;
  return Math.max(before, lanes.get(origin)?.limit.most ?? Infinity);
}

function hasRedirects({ sent }: Stage): boolean {
  return sent.some(({ address }) => address.isHop);
}

/** Creates a check that each rate of the plan is kept. */
function tokenRule(stage: Stage): (sent: Sent) => void {
  const { rates = [] } = stage.plan.client;
  // A slow middleware sends an attempt later than the scheduler admits it.
  if (takesTime(stage.plan.client)) return () => {};
  const rules = rates.map((rate) => rateRule(stage, rate));
  return (sent) => {
    for (const rule of rules) rule(sent);
  };
}

/** Creates a check for a bucket that other code uses too: it counts all tokens, and allows none during a pause. */
function bucketRule(stage: Stage): (sent: Sent) => void {
  const rate = stage.plan.client.bucket;
  if (rate === undefined || takesTime(stage.plan.client)) return () => {};
  const takeToken = bucketModel(stage, rate, "all who share a bucket");
  stage.onTake = (tokens) => takeToken(stage.clock.now(), tokens);
  return ({ atMs, url }) => {
    takeToken(atMs, 1);
    const pause = stage.bucketPauses.find(({ fromMs, untilMs }) =>
      atMs > fromMs && atMs < untilMs - FORGIVEN_MS
    );
    if (pause !== undefined) {
      stage.fail("S12", `${url} was sent in a pause of the bucket until ${pause.untilMs}`);
    }
  };
}

function rateRule(stage: Stage, rate: RatePlan): (sent: Sent) => void {
  const models = new Map<string, (nowMs: number, tokens: number) => void>();
  return ({ address: { origin }, caller, url, atMs: nowMs }) => {
    const limitKey = limitKeyOf(url);
    // A request through mirrors has the limit key of its relative path, not of this URL.
    if (rate.per === "key" && (limitKey === undefined || caller?.target.origin === undefined)) return;
    const key = rate.per === "client" ? "" : rate.per === "origin" ? origin : `${limitKey} at ${origin}`;
    const model = models.get(key) ?? bucketModel(stage, rate, key || "the client");
    models.set(key, model);
    model(nowMs, 1);
  };
}

/** Creates a model of a token bucket: it fails the stage if more tokens are taken than the rate allows. */
function bucketModel(
  stage: Stage,
  { limit, intervalMs, burst }: Omit<RatePlan, "per">,
  name: string,
): (nowMs: number, tokens: number) => void {
  const perMs = limit / intervalMs;
  const most = burst + FORGIVEN_MS * perMs;
  let [left, atMs] = [most, 0];
  return (nowMs, tokens) => {
    left = Math.min(most, left + (nowMs - atMs) * perMs) - tokens;
    atMs = nowMs;
    if (left < -ROUNDING) stage.fail("S12", `${-left} tokens too many were taken for ${name}`);
  };
}

function checkIdle(stage: Stage): void {
  // In a worker, a permit of a visitor who has left is taken back only when another request waits for one.
  if (stage.plan.client.isWorker) return;
  const { clients, semaphore } = stage;
  const { inFlight } = clients[0]!.stats();
  if (inFlight !== 0) stage.fail("S11", `${inFlight} permits are out at the end`);
  if (semaphore !== undefined && (semaphore.inUse !== 0 || semaphore.waiting !== 0)) {
    stage.fail("S11", `${semaphore.inUse} permits of the semaphore are out at the end`);
  }
}

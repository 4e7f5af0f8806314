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

/** What a timer's lateness may cost a bucket while somebody waits, in milliseconds. */
const FORGIVEN_MS = 5;
const ROUNDING = 1e-6;

/** Never more bodies than permits, nor more attempts than tokens. */
export function limitRules(stage: Stage): RuleGroup {
  const takeToken = tokenRule(stage);
  return {
    hearsAll: true,
    onSend(sent) {
      const { capacity } = stage;
      const { origin } = sent.address;
      const open = stage.openAt();
      // A limit may have fallen since the attempt began of which this is a part.
      const isLate = (mayBeLate(stage, sent) && stage.adaptiveLimit !== undefined) || goesOn(stage);
      if (open > capacity && !isLate) stage.fail("S11", `${open} bodies are in flight: ${capacity} may be`);
      if (sent.caller?.isSibling) return;
      const most = mostAt(stage, origin);
      const there = most === Infinity ? 0 : stage.openAt(origin, false);
      if (there > most && !goesOn(stage)) {
        stage.fail("S11", `${there} bodies are in flight at ${origin}: ${most} may be`);
      }
      if (!sent.isPart) takeToken(sent);
    },
    onQuiet() {
      const open = stage.openAt();
      // In a worker, an attempt that another request ends goes on until its own is over.
      if (stage.plan.client.isWorker) return;
      const inFlight = (stage.eyes.scheduler?.inFlight ?? 0) + (stage.sibling?.stats().inFlight ?? 0);
      if (open > inFlight) stage.fail("S11", `${open} bodies are in flight with ${inFlight} permits`);
      const { semaphore } = stage;
      if (semaphore !== undefined && semaphore.inUse !== inFlight) {
        stage.fail("S11", `${semaphore.inUse} permits of the semaphore are out, for ${inFlight} attempts`);
      }
    },
    atEnd: () => checkIdle(stage),
    atClose: () => checkIdle(stage),
  };
}

/** Whether a request is sent later than its attempt was admitted. */
function mayBeLate({ plan }: Stage, { isPart }: Sent): boolean {
  return isPart || takesTime(plan.client);
}

/** Whether attempts may go on in a worker after their callers have been answered by the closing in another request. */
export function goesOn({ plan: { client: { isWorker } }, isClosed, closedExtensions }: Stage): boolean {
  return isWorker === true && (isClosed || closedExtensions.size > 0);
}

function mostAt(stage: Stage, origin: string): number {
  const { perOrigin } = stage.plan.client;
  // A redirect leads to an origin without asking its lane.
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

/** A bucket as it should be, for each that there is. */
function tokenRule(stage: Stage): (sent: Sent) => void {
  const { rates = [] } = stage.plan.client;
  // A middleware that takes its time sends later than it was admitted.
  if (takesTime(stage.plan.client)) return () => {};
  const rules = rates.map((rate) => rateRule(stage, rate));
  return (sent) => {
    for (const rule of rules) rule(sent);
  };
}

function rateRule(stage: Stage, rate: RatePlan): (sent: Sent) => void {
  const levels = new Map<string, { tokens: number; atMs: number }>();
  const perMs = rate.limit / rate.intervalMs;
  const burst = rate.burst + FORGIVEN_MS * perMs;
  return ({ address: { origin }, caller, url, atMs: nowMs }) => {
    const limitKey = limitKeyOf(url);
    // Whoever goes by mirrors has the key of the path that was asked for.
    if (rate.per === "key" && (limitKey === undefined || caller?.target.origin === undefined)) return;
    const key = rate.per === "client" ? "" : rate.per === "origin" ? origin : `${limitKey} at ${origin}`;
    const { tokens, atMs } = levels.get(key) ?? { tokens: burst, atMs: 0 };
    const left = Math.min(burst, tokens + (nowMs - atMs) * perMs) - 1;
    levels.set(key, { tokens: left, atMs: nowMs });
    if (left < -ROUNDING) stage.fail("S12", `${-left} tokens too many were taken for ${key || "the client"}`);
  };
}

function checkIdle(stage: Stage): void {
  // In a worker, whoever waits for a permit takes it back from those who are gone.
  if (stage.plan.client.isWorker) return;
  const { clients, semaphore } = stage;
  const { inFlight } = clients[0]!.stats();
  if (inFlight !== 0) stage.fail("S11", `${inFlight} permits are out at the end`);
  if (semaphore !== undefined && (semaphore.inUse !== 0 || semaphore.waiting !== 0)) {
    stage.fail("S11", `${semaphore.inUse} permits of the semaphore are out at the end`);
  }
}

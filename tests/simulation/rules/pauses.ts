/**
 * S4: the client sends nothing to an origin that has asked for a pause, unless the origin serves other requests meanwhile.
 *
 * @module
 */

import { takesTime } from "../middleware.ts";
import type { Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import { leastPauseMs } from "./backoffs.ts";
import type { RuleGroup } from "./rule.ts";

/** The tolerance for rounding, in milliseconds. */
const ROUNDING_MS = 0.01;

/**
 * The client takes a 503 for a failure of only a part of its origin if at least this many requests have ended lately, and
 * {@linkcode LOWEST_SHARE} of this number were served.
 */
const FEWEST = 5;
const LOWEST_SHARE = 1 / 3;
/** The time before a 503 from which requests count, in milliseconds. */
const KNOWN_MS = 10_000;

interface Pause {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly because: Sent;
}

/** Creates the rule for pauses: the client sends no request to an origin from the moment it knows of a pause to its end. */
export function pauseRules(stage: Stage): RuleGroup {
  const pauses = new Map<string, Pause[]>();
  let answered: Sent[] = [];
  return {
    onSend({ address: { origin }, url, isPart, atMs }) {
      if (isPart) return;
      for (const { fromMs, untilMs, because } of pauses.get(origin) ?? []) {
        if (atMs <= fromMs || atMs >= untilMs - ROUNDING_MS) continue;
        if (because.status === 503 && servesOthers(stage, because)) continue;
        stage.fail(
          "S4",
          `${url} was sent although ${origin} has asked with #${because.index} for a pause until ${untilMs}`,
        );
      }
    },
    onAnswer: (sent) => void answered.push(sent),
    onQuiet() {
      // Only now it is certain that the client has processed these answers.
      for (const sent of answered) {
        const pauseMs = pauseOf(stage, sent);
        if (pauseMs === 0) continue;
        const { address: { origin }, answeredAtMs } = sent;
        const list = pauses.get(origin) ?? [];
        list.push({ fromMs: answeredAtMs, untilMs: answeredAtMs + pauseMs, because: sent });
        pauses.set(origin, list);
      }
      answered = [];
    },
  };
}

/** Whether the origin has served other requests shortly before a 503, or since: then only a part of it may have failed. */
function servesOthers({ sent }: Stage, { address: { origin }, answeredAtMs }: Sent): boolean {
  const lately = sent.filter((other) =>
    other.address.origin === origin && other.answeredAtMs >= answeredAtMs - KNOWN_MS &&
    other.answeredAtMs < Infinity
  );
  const served = lately.filter(({ status }) => status > 0 && status < 500);
  return lately.length >= FEWEST && served.length >= LOWEST_SHARE * FEWEST;
}

/** Returns the shortest pause for the whole origin that follows from an answer, in milliseconds; 0 for none. */
function pauseOf(stage: Stage, { status, waitMs, isPart, abortedAtMs, answeredAtMs }: Sent): number {
  const { client } = stage.plan;
  // The observer does not know how a middleware changes an answer.
  if (isPart || takesTime(client) || abortedAtMs <= answeredAtMs || client.use?.includes("twice")) return 0;
  if (client.extensions?.some(({ use }) => use?.includes("twice"))) return 0;
  if (status === 429) {
    if (client.plain?.pauseOn429 === "request") return 0;
    return waitMs ?? leastPauseMs(client.backoff);
  }
  return status === 503 ? waitMs ?? 0 : 0;
}

/**
 * S4: nothing is sent to an origin that has asked to be left alone, unless it serves others meanwhile.
 *
 * @module
 */

import { takesTime } from "../middleware.ts";
import type { Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import { leastPauseMs } from "./backoffs.ts";
import type { RuleGroup } from "./rule.ts";

/** What the client makes of a moment that has just passed, in milliseconds. */
const ROUNDING_MS = 0.01;

/** When a 503 is taken for one of a part of its origin: when so many have ended since, and such a share was served; that holds for a while. */
const FEWEST = 5;
const LOWEST_SHARE = 1 / 3;
const KNOWN_MS = 10_000;

interface Pause {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly because: Sent;
}

/** No request to an origin from the moment at which the client knows of a pause to its end. */
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
      // Only now it is certain that the client has looked at them.
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

/** Whether others have been served lately, or since, so that a 503 may be one of a part of its origin. */
function servesOthers({ sent }: Stage, { address: { origin }, answeredAtMs }: Sent): boolean {
  const lately = sent.filter((other) =>
    other.address.origin === origin && other.answeredAtMs >= answeredAtMs - KNOWN_MS &&
    other.answeredAtMs < Infinity
  );
  const served = lately.filter(({ status }) => status > 0 && status < 500);
  return lately.length >= FEWEST && served.length >= LOWEST_SHARE * FEWEST;
}

/** How long an answer makes everybody wait, at the least, in milliseconds. */
function pauseOf(stage: Stage, { status, waitMs, isPart, abortedAtMs, answeredAtMs }: Sent): number {
  const { client } = stage.plan;
  // What a middleware makes of an answer, the observer does not know.
  if (isPart || takesTime(client) || abortedAtMs <= answeredAtMs || client.use?.includes("twice")) return 0;
  if (client.extensions?.some(({ use }) => use?.includes("twice"))) return 0;
  if (status === 429) {
    if (client.plain?.pauseOn429 === "request") return 0;
    return waitMs ?? leastPauseMs(client.backoff);
  }
  return status === 503 ? waitMs ?? 0 : 0;
}

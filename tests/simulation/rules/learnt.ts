/**
 * S4: limits that answers state, including successful answers.
 *
 * @module
 */

import type { Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 0.01;

/** A quota that is used up, according to an answer that the client has. */
interface Empty {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly because: Sent;
}

/** The observer's knowledge about the limits of origins. */
interface Book {
  readonly empty: Map<string, Empty>;
  /** The request to each origin that was sent last, of those whose answers state a limit. */
  readonly latest: Map<string, Sent>;
  /** The origins for which the client has learnt a limit. */
  readonly learning: Set<string>;
}

/** Creates the rule for learnt limits: after an origin states an empty quota, the client sends nothing until its reset. */
export function learntRules(stage: Stage): RuleGroup {
  const { client } = stage.plan;
  // With these options an empty quota does not block every request, so that nothing is certain: requests may give up a
  // wait, or limits belong to keys.
  const isSure = client.learns === undefined && client.hasKeys === undefined &&
    client.plain?.maxRetryAfterMs === undefined && client.use === undefined &&
    client.extensions === undefined;
  if (!isSure) return {};
  const book: Book = { empty: new Map(), latest: new Map(), learning: new Set() };
  let answered: Sent[] = [];
  return {
    onSend({ address: { origin }, url, isPart, atMs }) {
      const quota = book.empty.get(origin);
      // If a visitor has left, it is unknown whether its attempt was counted.
      if (isPart || quota === undefined || stage.hasLost) return;
      const { fromMs, untilMs, because } = quota;
      if (atMs <= fromMs || atMs >= untilMs - ROUNDING_MS) return;
      stage.fail("S4 learnt", `${url} was sent although #${because.index} has left nothing until ${untilMs}`);
    },
    onAnswer: (sent) => void answered.push(sent),
    onQuiet() {
      for (const sent of answered) note(sent, book);
      answered = [];
      for (const [origin, lane] of stage.eyes.lanes) if (lane.book !== undefined) book.learning.add(origin);
    },
  };
}

function note(sent: Sent, { empty, latest, learning }: Book): void {
  const { index, stated, answeredAtMs, abortedAtMs, address: { origin, isHop }, waitMs, status } = sent;
  if (stated === undefined) return;
  // The answer to the request that was sent later counts.
  const before = latest.get(origin);
  const isLatest = index > (before?.index ?? -1);
  if (isLatest) latest.set(origin, sent);
  // If two requests were sent at the same moment, only the client knows which of them came first.
  const isTwin = before?.atMs === sent.atMs;
  // A redirect does not count; the answer of its target does.
  if (status >= 300 && status < 400 && status !== 304) return;
  // In these cases another wait or another answer may count for the client, so nothing is certain.
  if (stated.remaining > 0 || isTwin || waitMs !== undefined || abortedAtMs <= answeredAtMs || isHop) {
    empty.delete(origin);
  } else if (isLatest && learning.has(origin)) {
    empty.set(origin, { fromMs: answeredAtMs, untilMs: answeredAtMs + stated.resetMs, because: sent });
  }
}

/**
 * S4: limits that answers state, also good ones.
 *
 * @module
 */

import type { Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

const ROUNDING_MS = 0.01;

/** A quota that is used up, as the client knows. */
interface Empty {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly because: Sent;
}

/** What the observer knows of origins. */
interface Book {
  readonly empty: Map<string, Empty>;
  /** Which request was sent last of those whose answers state something. */
  readonly latest: Map<string, Sent>;
  /** Who has told the client of a limit. */
  readonly learning: Set<string>;
}

/** Nothing is sent to an origin that has said that nothing is left, until it has said that there will be. */
export function learntRules(stage: Stage): RuleGroup {
  const { client } = stage.plan;
  // Where a wait may be given up, or limits are those of keys, an empty quota holds nobody for certain.
  const isSure = client.learns === undefined && client.hasKeys === undefined &&
    client.plain?.maxRetryAfterMs === undefined && client.use === undefined &&
    client.extensions === undefined;
  if (!isSure) return {};
  const book: Book = { empty: new Map(), latest: new Map(), learning: new Set() };
  let answered: Sent[] = [];
  return {
    onSend({ address: { origin }, url, isPart, atMs }) {
      const quota = book.empty.get(origin);
      // Of an attempt whose visitor has left nobody knows whether it was counted.
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
  // Of two, the one that was sent later knows better.
  const before = latest.get(origin);
  const isLatest = index > (before?.index ?? -1);
  if (isLatest) latest.set(origin, sent);
  // Which of two that were sent in one moment was to go first, only the client knows.
  const isTwin = before?.atMs === sent.atMs;
  // Of a redirect, what it leads to is looked at.
  if (status >= 300 && status < 400 && status !== 304) return;
  // Some other wait counts more, and so does what another answer says, whichever is right.
  if (stated.remaining > 0 || isTwin || waitMs !== undefined || abortedAtMs <= answeredAtMs || isHop) {
    empty.delete(origin);
  } else if (isLatest && learning.has(origin)) {
    empty.set(origin, { fromMs: answeredAtMs, untilMs: answeredAtMs + stated.resetMs, because: sent });
  }
}

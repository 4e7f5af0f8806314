/**
 * Callers of lines, events and pages.
 *
 * @module
 */

import { urlOf } from "./addresses.ts";
import { beginCaller, endCaller } from "./callers.ts";
import { optionsOf } from "./options_of.ts";
import type { ItemsStep } from "./plan.ts";
import type { Caller } from "./records.ts";
import type { Stage } from "./stage.ts";

/** The time after which a caller of events leaves in any case, in milliseconds. */
const LONGEST_MS = 300_000;

/** At the edge, the time beyond its timeout after which a silent caller loses its permit to others, in milliseconds. */
const LEASE_GRACE_MS = 1_000;

/** The number of pages of a list, and of a list whose pages link in a circle. */
const LIST_PAGES = 4;
const CIRCLE_PAGES = 3;

/** Requests items, and reads as many as the step says. */
export function playItems(stage: Stage, step: ItemsStep): void {
  const { how, target, options } = step;
  const signals = step.signal === undefined ? [] : [step.signal];
  const caller = beginCaller(stage, {
    how,
    target,
    given: urlOf(target),
    options,
    signals,
    client: step.extension === undefined ? 0 : step.extension + 1,
    streams: how !== "pages",
  });
  take(stage, caller, step).then(
    (count) => endCaller(stage, caller, { ok: true, value: count }),
    (value) => endCaller(stage, caller, { ok: false, value }),
  );
}

async function take(stage: Stage, caller: Caller, step: ItemsStep): Promise<number> {
  let count = 0;
  let hasLeft = false;
  const { leavesAfter = Infinity, leavesAfterMs, slowMs = 0 } = step;
  const items = itemsOf(stage, caller, step);
  const leave = (): void => {
    hasLeft = true;
    items.return!();
  };
  // The client reconnects for ever to a server that sends no events, so the caller leaves at some time.
  if (step.how === "events") stage.clock.at(LONGEST_MS, leave);
  if (leavesAfterMs !== undefined) stage.clock.at(leavesAfterMs, leave);
  for await (const item of items) {
    checkItem(stage, caller, item, count);
    if (slowMs > 0) await dawdle(stage, caller, slowMs);
    // After a reconnect the events start over, so the caller leaves after 12 items at the latest.
    count++;
    hasLeft ||= count >= leavesAfter || count >= 12;
    if (hasLeft) break;
  }
  // A caller that leaves by itself may not get the reason of an abort in the meantime.
  if (hasLeft && caller.mustEndWith !== undefined) {
    caller.mustEndWith = { ...caller.mustEndWith, isSure: false };
  }
  return count;
}

async function dawdle({ clock, plan: { client } }: Stage, caller: Caller, slowMs: number): Promise<void> {
  const { timeoutMs, options } = caller;
  const idleMs = options.idleTimeoutMs ?? client.plain?.idleTimeoutMs ?? timeoutMs;
  caller.isTakenForDead ||= client.isWorker === true && slowMs > Math.max(timeoutMs, idleMs) + LEASE_GRACE_MS;
  caller.isBusy = true;
  await clock.sleep(slowMs);
  caller.isBusy = false;
}

function itemsOf(
  stage: Stage,
  caller: Caller,
  { how, options, prefetch, signal: index }: ItemsStep,
): AsyncIterableIterator<unknown> {
  const { given } = caller;
  const client = stage.clientOf(caller);
  const signal = index === undefined ? undefined : stage.controllers[index]!.signal;
  const { as: _, ...others } = optionsOf(stage, options);
  if (how === "pages") return client.pages(given, { ...others, signal, prefetch });
  return how === "lines"
    ? client.lines(given, { ...others, as: "json", signal })
    : client.events(given, { ...others, as: "json", signal, reconnect: { maxAttempts: 3 } });
}

/** Checks that items arrive in order, each once per connection. */
function checkItem(stage: Stage, { how, name, target }: Caller, item: unknown, place: number): void {
  const { u, n, page } =
    (how === "lines" ? item : (item as { readonly data?: unknown; readonly value?: unknown })[
      how === "events" ? "data" : "value"
    ]) as { readonly u?: string; readonly n?: number; readonly page?: number } ?? {};
  if (u !== undefined && u !== target.id) stage.fail("value", `${name} has got what is ${u}'s`);
  if (how === "lines" && n !== undefined && n !== place) {
    stage.fail("order", `${name} has got line ${n} in place of ${place}`);
  }
  const { hasMirrorList, mirrors } = stage.plan.client;
  // After a change of the mirrors, or with a mirror that has its own layout, the same page has another URL.
  if (target.kind === "circle" && (hasMirrorList || mirrors?.some(({ hasPath }) => hasPath))) return;
  // The links have no token, so the first page counts as another one when it comes again without its token.
  const again = target.hasToken ? 1 : 0;
  const most = target.kind === "circle" ? CIRCLE_PAGES + again : LIST_PAGES;
  if (page !== undefined && (page !== place % CIRCLE_PAGES + 1 && page !== place + 1 || place >= most)) {
    stage.fail("order", `${name} has got page ${page} as its number ${place + 1}`);
  }
}

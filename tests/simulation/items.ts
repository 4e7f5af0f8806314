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

/** When a caller of events has had enough, in milliseconds. */
const LONGEST_MS = 300_000;

/** How much longer than its time somebody may be silent at the edge until others get its permit, in milliseconds. */
const LEASE_GRACE_MS = 1_000;

/** How many pages a list has, and one whose pages lead in a circle. */
const LIST_PAGES = 4;
const CIRCLE_PAGES = 3;

/** Asks for items, and takes as many as the step says. */
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
  // A server that says nothing is asked for its events for ever.
  if (step.how === "events") stage.clock.at(LONGEST_MS, leave);
  if (leavesAfterMs !== undefined) stage.clock.at(leavesAfterMs, leave);
  for await (const item of items) {
    checkItem(stage, caller, item, count);
    if (slowMs > 0) await dawdle(stage, caller, slowMs);
    // After a while, events come again from their start.
    count++;
    hasLeft ||= count >= leavesAfter || count >= 12;
    if (hasLeft) break;
  }
  // Whoever leaves by itself does not hear that it was aborted meanwhile.
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

/** Items come in their order, each once for each connection. */
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
  // Mirrors that have changed meanwhile know pages by other URLs, and so does one with a layout of its own.
  if (target.kind === "circle" && (hasMirrorList || mirrors?.some(({ hasPath }) => hasPath))) return;
  // A page that comes again without a token is another one.
  const again = target.hasToken ? 1 : 0;
  const most = target.kind === "circle" ? CIRCLE_PAGES + again : LIST_PAGES;
  if (page !== undefined && (page !== place % CIRCLE_PAGES + 1 && page !== place + 1 || place >= most)) {
    stage.fail("order", `${name} has got page ${page} as its number ${place + 1}`);
  }
}

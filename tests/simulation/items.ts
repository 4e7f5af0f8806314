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
    streams: how !== "pages",
  });
  take(stage, caller, step).then(
    (count) => endCaller(stage, caller, { ok: true, value: count }),
    (value) => endCaller(stage, caller, { ok: false, value }),
  );
}

async function take(stage: Stage, caller: Caller, step: ItemsStep): Promise<number> {
  let count = 0;
  const { leavesAfter = Infinity } = step;
  const items = itemsOf(stage, caller, step);
  // A server that says nothing is asked for its events for ever.
  if (step.how === "events") stage.clock.at(LONGEST_MS, () => items.return!());
  for await (const item of items) {
    checkItem(stage, caller, item, count);
    // After a while, events come again from their start.
    if (++count >= leavesAfter || count >= 12) break;
  }
  return count;
}

function itemsOf(
  stage: Stage,
  { given }: Caller,
  { how, options, signal: index }: ItemsStep,
): AsyncIterableIterator<unknown> {
  const client = stage.clients[0]!;
  const signal = index === undefined ? undefined : stage.controllers[index]!.signal;
  if (how === "pages") return client.pages(given, { signal });
  const { as: _, ...others } = optionsOf(stage, options);
  return how === "lines"
    ? client.lines(given, { ...others, as: "json", signal })
    : client.events(given, { ...others, as: "json", signal, reconnect: { maxAttempts: 3 } });
}

/** Items come in their order, each once for each connection. */
function checkItem(stage: Stage, { how, name, target }: Caller, item: unknown, place: number): void {
  const { u, n } = (how === "lines" ? item : (item as { readonly data?: unknown; readonly value?: unknown })[
    how === "events" ? "data" : "value"
  ]) as { readonly u?: string; readonly n?: number } ?? {};
  if (u !== undefined && u !== target.id) stage.fail("value", `${name} has got what is ${u}'s`);
  if (how === "lines" && n !== undefined && n !== place) {
    stage.fail("order", `${name} has got line ${n} in place of ${place}`);
  }
}

/**
 * How callers read the body of a response.
 *
 * @module
 */

import type { CallStep } from "./plan.ts";
import type { Caller } from "./records.ts";
import type { Stage } from "./stage.ts";

/** The delay of a late reader, and the pause of a reader that stops in the middle, in milliseconds. */
const LATE_MS = 400;

/** Reads a body, or leaves it unread. An error of the body is no violation of a rule, but the reading must end. */
export function readBody(
  stage: Stage,
  caller: Caller,
  response: Response,
  reading: CallStep["reading"],
): void {
  if (reading === "never") return;
  const name = `the body of ${caller.name}`;
  stage.endings.add(name);
  const { visit } = caller;
  visit?.work.add(name);
  const done = (): void => {
    stage.endings.delete(name);
    visit?.work.delete(name);
    caller.readingSinceMs = Infinity;
  };
  work(stage, caller, response, reading).then(done, done);
}

async function work(
  stage: Stage,
  caller: Caller,
  response: Response,
  reading: CallStep["reading"],
): Promise<void> {
  if (reading === "cancel") return await response.body?.cancel();
  if (reading === "late") await stage.clock.sleep(LATE_MS);
  caller.readingSinceMs = stage.clock.now();
  if (reading !== "part" || response.body === null) return void await response.text();
  const reader = response.body.getReader();
  await reader.read();
  caller.readingSinceMs = Infinity;
  await stage.clock.sleep(LATE_MS);
  await reader.cancel();
}

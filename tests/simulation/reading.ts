/**
 * What callers do with a body that streams.
 *
 * @module
 */

import type { CallStep } from "./plan.ts";
import type { Caller } from "./records.ts";
import type { Stage } from "./stage.ts";

/** How long a reader takes that comes late, or pauses, in milliseconds. */
export const LATE_MS = 400;

/** Reads a body, or does not; whatever breaks it off is no concern of the caller's, but that it ends is. */
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

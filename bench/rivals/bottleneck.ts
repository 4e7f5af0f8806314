/**
 * Bottleneck: a limit on how many jobs run at once, and on their rate.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import Bottleneck from "npm:bottleneck@2.19.5";
import type { Run } from "../support/rival_terms.ts";

/** Creates a function that runs tasks, at most `maxConcurrent` at once. */
export function limit(maxConcurrent: number): Run {
  const bottleneck = new Bottleneck({ maxConcurrent });
  return (task) => bottleneck.schedule(task);
}

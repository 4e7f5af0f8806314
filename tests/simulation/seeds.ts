/**
 * Runs many seeds, one after the other.
 *
 * @module
 */

import { drawWorld } from "./draw_world.ts";
import { type Run, runWorld, warmUp } from "./run.ts";
import { shrink } from "./shrink.ts";
import type { Violation } from "./stage.ts";

/** A seed that has broken a rule. */
export interface Failure {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

/** What seeds have come to. */
export interface SeedsResult {
  readonly failures: readonly Failure[];
  /** How many seeds were run, and what they made. */
  readonly seeds: number;
  readonly callers: number;
  readonly sent: number;
}

/** Which seeds are run. */
export interface SeedsOptions {
  readonly first: number;
  readonly count: number;
  /**
   * Whether the first one that fails is the last.
   * @default {false}
   */
  readonly stops?: boolean | undefined;
}

/** Runs seeds. */
export async function runSeeds({ first, count, stops = false }: SeedsOptions): Promise<SeedsResult> {
  await warmUp();
  const failures: Failure[] = [];
  let [seeds, callers, sent] = [0, 0, 0];
  for (let seed = first; seed < first + count && !(stops && failures.length > 0); seed++) {
    const run = await runWorld(drawWorld(seed));
    seeds++;
    callers += run.callers;
    sent += run.sent;
    if (run.violations.length > 0) failures.push({ seed, violations: run.violations });
  }
  return { failures, seeds, callers, sent };
}

/** The smallest world that breaks the rule that a seed breaks, with its trace; nothing if the seed keeps every rule. */
export async function shrinkSeed(seed: number): Promise<Run | undefined> {
  await warmUp();
  const world = drawWorld(seed);
  const { violations: [violation] } = await runWorld(world);
  if (violation === undefined) return undefined;
  const smallest = await shrink(world, async (plan) => {
    const { violations } = await runWorld(plan);
    return violations.some(({ rule }) => rule === violation.rule);
  });
  return await runWorld(smallest, true);
}

/** A run that has broken a rule, as text. */
export function describeRun({ plan, violations, trace }: Run): string {
  return [
    ...trace,
    "",
    ...violations.map(({ rule, atMs, text }) => `${rule} is broken at ${atMs} ms: ${text}`),
    "",
    JSON.stringify(plan),
  ].join("\n");
}

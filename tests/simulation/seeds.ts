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

/** The results of several seeds. */
export interface SeedsResult {
  readonly failures: readonly Failure[];
  /** The number of seeds that were run. */
  readonly seeds: number;
  /** The number of requests that callers made. */
  readonly callers: number;
  /** The number of requests that the network saw. */
  readonly sent: number;
}

/** The seeds to run. */
export interface SeedsOptions {
  readonly first: number;
  readonly count: number;
  /**
   * Whether to stop after the first seed that fails.
   * @default {false}
   */
  readonly stops?: boolean | undefined;
  /** Called with each seed before it runs. */
  readonly onSeed?: ((seed: number) => void) | undefined;
}

/** Runs seeds one after the other, and collects the failures. */
export async function runSeeds({ first, count, stops = false, onSeed }: SeedsOptions): Promise<SeedsResult> {
  await warmUp();
  const failures: Failure[] = [];
  let [seeds, callers, sent] = [0, 0, 0];
  for (let seed = first; seed < first + count && !(stops && failures.length > 0); seed++) {
    onSeed?.(seed);
    const run = await runWorld(drawWorld(seed));
    seeds++;
    callers += run.callers;
    sent += run.sent;
    if (run.violations.length > 0) failures.push({ seed, violations: run.violations });
  }
  return { failures, seeds, callers, sent };
}

/**
 * Shrinks the world of a seed, and returns the run of the smallest world that breaks the same rule, with its trace. Returns
 * `undefined` if the seed keeps every rule.
 */
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

/** Describes a run that has broken a rule: its trace, the violations, and the plan as JSON. */
export function describeRun({ plan, violations, trace }: Run): string {
  return [
    ...trace,
    "",
    ...violations.map(({ rule, atMs, text }) => `${rule} is broken at ${atMs} ms: ${text}`),
    "",
    JSON.stringify(plan),
  ].join("\n");
}

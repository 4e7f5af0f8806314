import { assertEquals } from "@std/assert";
import { loadEstimator } from "../../src/client/adaptive_lanes.ts";
import { loadLimitLearning } from "../../src/client/learnt_limits.ts";
import { test } from "../support/test.ts";
import { runSeed } from "./model.ts";

// Load these modules now, so that the first run has their code like all others.
await loadEstimator();
await loadLimitLearning();

/** The one seed to run, for debugging; `undefined` for all. */
const ONLY: number | undefined = undefined;
/** How many seeds are run: they take about 15 seconds on each runtime. */
const SEEDS = 10_000;
/** How many seeds one test runs. */
const PORTION = 250;
/** How many failing seeds are printed in full. */
const TOLD = 3;

/** Runs seeds, and returns those that broke a rule, with their plans. */
async function violationsOf(first: number, count: number): Promise<string[]> {
  const told: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const { plan, violations } = await runSeed(seed);
    if (violations.length === 0) continue;
    const details = told.length < TOLD
      ? `\n${violations.join("\n")}\n${JSON.stringify(plan)}`
      : violations[0]!;
    told.push(`seed ${seed}: ${details}`);
  }
  return told;
}

if (ONLY !== undefined) {
  test(`model: seed ${ONLY} keeps every rule`, async () => assertEquals(await violationsOf(ONLY, 1), []));
} else {
  for (let first = 1; first <= SEEDS; first += PORTION) {
    const last = first + PORTION - 1;
    test(`model: seeds ${first} to ${last} keep every rule of lanes, mirrors and batches`, async () => {
      assertEquals(await violationsOf(first, PORTION), []);
    });
  }
}

test("model: the same seed gives the same run", async () => {
  const [first, second] = [await runSeed(77), await runSeed(77)];
  assertEquals(first, second);
});

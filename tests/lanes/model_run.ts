/**
 * Runs the model for many seeds:
 *
 *     deno run --allow-all --no-check tests/lanes/model_run.ts [how many seeds] [the first one]
 *
 * On Bun, as a bundle: `deno bundle -o model.js tests/lanes/model_run.ts && bun run model.js`.
 *
 * @module
 */

import process from "node:process";
import { loadLimitLearning } from "../../src/client/learnt_limits.ts";
import { runSeed } from "./model.ts";

await loadLimitLearning();

const seeds = Number(process.argv[2] ?? 10_000);
const first = Number(process.argv[3] ?? 1);
/** How many failing seeds are printed in full. */
const TOLD = 5;

let failed = 0;
let sent = 0;
const startedAtMs = performance.now();
for (let seed = first; seed < first + seeds; seed++) {
  const run = await runSeed(seed);
  sent += run.sent;
  if (run.violations.length === 0) continue;
  if (++failed <= TOLD) console.log(JSON.stringify(run.plan), "\n ", run.violations.join("\n  "));
  else console.log(`${seed}: ${run.violations[0]}`);
}
const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
console.log(`${seeds} seeds, ${failed} violations; ${sent} requests sent in ${seconds} s`);
process.exit(failed === 0 ? 0 : 1);

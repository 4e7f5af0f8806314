/**
 * Measures every target of the project on Deno and on Bun, beside the bare loop or the rival that the target names. Prints
 * target, measured value, spread and verdict. A full run also writes them to `bench/RESULTS.md`. Exits with 1 if the
 * project missed a target.
 *
 *     deno task bench:targets [--quick] [--only T1,T4] [--runtime deno|bun]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { startServer } from "./support/server.ts";
import type { BenchRuntime } from "./targets/bench_runtime.ts";
import { bunRuntime } from "./targets/bun_runtime.ts";
import { cacheHitTarget } from "./targets/cache_hit.ts";
import { denoRuntime } from "./targets/deno_runtime.ts";
import { faultsTarget } from "./targets/faults.ts";
import { growthTarget } from "./targets/growth.ts";
import { hotFunctionsTarget } from "./targets/hot_functions.ts";
import { latencyTarget } from "./targets/latency.ts";
import { memoryTarget } from "./targets/memory.ts";
import { overheadTarget, rivalsTarget } from "./targets/overhead.ts";
import { primitivesTarget } from "./targets/primitives.ts";
import { rateTarget } from "./targets/rate.ts";
import { type RuntimeResults, verdictCounts, writeResults } from "./targets/results.ts";
import { startUpTarget } from "./targets/start_up.ts";
import { terminalLine } from "./targets/table.ts";
import { type Row, type Target, type TargetContext, verdictOf } from "./targets/target.ts";

const TARGETS: readonly Target[] = [
  overheadTarget,
  rivalsTarget,
  hotFunctionsTarget,
  latencyTarget,
  primitivesTarget,
  rateTarget,
  memoryTarget,
  cacheHitTarget,
  startUpTarget,
  growthTarget,
  faultsTarget,
];

const { quick, only, runtime } = parseArgs(Deno.args, { boolean: ["quick"], string: ["only", "runtime"] });
const ids = (only?.split(",") ?? TARGETS.map(({ id }) => id)).map((id) => id.toUpperCase());
const targets = TARGETS.filter(({ id }) => ids.includes(id.toUpperCase()));
if (targets.length < ids.length) {
  throw new TypeError(`Cannot measure as '--only' names no target: received '${only}'`);
}

const startedAt = performance.now();
const results: RuntimeResults[] = [];
{
  await using server = await startServer();
  using bun = runtime === "deno" ? undefined : await bunRuntime();
  if (bun === undefined && runtime !== "deno") console.error("not measured: there is no Bun here");
  for (const each of [denoRuntime(), bun]) {
    if (each === undefined || (runtime !== undefined && each.name !== runtime)) continue;
    results.push(await measureOn(each, server.url));
  }
}
const minutes = (performance.now() - startedAt) / 60_000;
// A partial or quick run must not replace the complete table.
if (!quick && only === undefined && runtime === undefined) await writeResults(results, minutes);
const verdicts = results.flatMap(({ measured }) => measured.flatMap(({ rows }) => rows.map(verdictOf)));
const missed = verdicts.filter((verdict) => verdict === "MISSED").length;
console.log(`\n${verdictCounts(verdicts)}; ${minutes.toFixed(1)} minutes`);
Deno.exit(missed === 0 ? 0 : 1);

async function measureOn(runtime: BenchRuntime, serverUrl: string): Promise<RuntimeResults> {
  const name = `${runtime.name === "deno" ? "Deno" : "Bun"} ${runtime.version}`;
  console.log(`\n${name}${quick ? ", quick and rough" : ""}`);
  const context: TargetContext = { runtime, serverUrl, quick, rounds: quick ? 3 : 5 };
  const measured: { target: Target; rows: Row[] }[] = [];
  for (const target of targets) {
    if (target.on !== undefined && target.on !== runtime.name) continue;
    console.log(`\n${target.id}  ${target.title.replaceAll("`", "")}`);
    const rows: Row[] = [];
    for await (const row of target.rows(context)) {
      console.log(terminalLine(target.id, row));
      rows.push(row);
    }
    measured.push({ target, rows });
  }
  return { runtime: name, measured };
}

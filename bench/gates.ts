/**
 * The part of the benchmarks that runs with every check: does a change make requests much dearer? It counts the functions
 * that Bun compiles (T2b), and compares fresh processes of 5,000 requests by `client.stream()` with those by a bare loop (T1). It
 * prints one line for each, `ok …` or `FAILED …`, and exits with 1 if one has failed.
 *
 *     deno run --allow-all bench/gates.ts
 *
 * The bounds are generous, because this must never fail by chance: on a busy machine with two cores the ratio of two
 * processes moves by a fifth and more. So the best of several pairs counts, and the bound is a good deal below the target; a
 * count of functions moves by a few only, but a new version of Bun may inline otherwise. What is worse than this was
 * made worse by a change. `targets.ts` asks whether the targets themselves are met.
 *
 * @module
 */

import { startServer } from "./support/server.ts";
import type { BenchRuntime } from "./targets/bench_runtime.ts";
import { bunRuntime } from "./targets/bun_runtime.ts";
import { denoRuntime } from "./targets/deno_runtime.ts";
import { runFresh } from "./targets/fresh.ts";
import { beyond, hotFunctions } from "./targets/hot_functions.ts";

/** The target is 40. */
const MAX_HOT_FUNCTIONS = 48;
/** The target is 0.86, by the median. */
const MIN_THROUGHPUT = 0.65;
const REQUESTS = 5_000;
/** No more pairs are run once one of them is good enough. */
const MAX_PAIRS = 10;

/** What a gate has found. */
interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

const findings: Finding[] = [];
{
  await using server = await startServer();
  using bun = await bunRuntime(["fresh", "hot_functions"]);
  findings.push(await throughput(denoRuntime(), server.url));
  if (bun === undefined) findings.push({ ok: false, text: "measures on Bun: there is no Bun here" });
  else findings.push(await throughput(bun, server.url), await hotFunctionsOf(bun, server.url));
}
for (const { ok, text } of findings) console.log(`${ok ? "ok" : "FAILED"} ${text}`);
Deno.exit(findings.every(({ ok }) => ok) ? 0 : 1);

/** Runs pairs of processes by turns, until one is good enough. */
async function throughput(runtime: BenchRuntime, serverUrl: string): Promise<Finding> {
  const timeOf = async (fetcher: "stream" | "bare loop"): Promise<number> =>
    (await runFresh(runtime, { serverUrl, fetcher, requests: [REQUESTS] }))[0]!.wallMs;
  let best = 0;
  let pairs = 0;
  for (; pairs < MAX_PAIRS && best < MIN_THROUGHPUT; pairs++) {
    const bareFirst = pairs % 2 === 0 ? await timeOf("bare loop") : undefined;
    const oursMs = await timeOf("stream");
    best = Math.max(best, (bareFirst ?? await timeOf("bare loop")) / oursMs);
  }
  const name = runtime.name === "deno" ? "Deno" : "Bun";
  return {
    ok: best >= MIN_THROUGHPUT,
    text: `T1 client.stream() on ${name}, fresh processes of ${REQUESTS.toLocaleString("en")} requests: ${
      best.toFixed(2)
    } of a bare loop's throughput, best of ${pairs} (at least ${MIN_THROUGHPUT})`,
  };
}

async function hotFunctionsOf(runtime: BenchRuntime, serverUrl: string): Promise<Finding> {
  const context = { runtime, serverUrl, quick: true };
  const bare = await hotFunctions(context, "bare loop");
  const { value } = beyond(await hotFunctions(context, "stream"), bare);
  return {
    ok: value <= MAX_HOT_FUNCTIONS,
    text:
      `T2b client.stream() on Bun: ${value} functions compiled beyond a bare loop's (at most ${MAX_HOT_FUNCTIONS})`,
  };
}

/**
 * The part of the benchmarks that runs with every check: does a change make requests much more expensive? It counts the
 * functions that Bun compiles (T2b). It also compares fresh processes that make 5,000 requests: with `client.stream()`,
 * and with a bare loop (T1). It prints one line for each measurement, `ok …` or `FAILED …`, and exits with 1 if one failed.
 *
 *     deno run --allow-all bench/gates.ts
 *
 * The bounds are generous, because the gate must never fail by chance. On a busy machine with two cores, the ratio of two
 * processes varies by a fifth and more. So the best of several pairs counts, and the bound is well below the target. The
 * count of functions varies only by a few, but a new version of Bun may inline different functions. A result beyond these
 * bounds therefore comes from a change. `targets.ts` checks whether the targets themselves are met.
 *
 * @module
 */

import { startServer } from "./support/server.ts";
import type { BenchRuntime } from "./targets/bench_runtime.ts";
import { bunRuntime } from "./targets/bun_runtime.ts";
import { denoRuntime } from "./targets/deno_runtime.ts";
import { runFresh } from "./targets/fresh.ts";
import { beyond, hotFunctions } from "./targets/hot_functions.ts";

/** The bound of T2b, in functions; the target is 40. */
const MAX_HOT_FUNCTIONS = 48;
/** The bound of T1, as a share of the bare loop's throughput; the target is 0.86, for the median. */
const MIN_THROUGHPUT = 0.65;
const REQUESTS = 5_000;
/** The most pairs of processes to run; the first pair that is good enough is the last. */
const MAX_PAIRS = 10;

/** The result of one measurement. */
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

/** Runs pairs of processes, each pair in the other order, until one pair is good enough. */
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

/**
 * How many functions does Bun compile during many small requests? The program starts itself a second time and asks
 * JavaScriptCore to report each function that it compiles. Then it counts the lines of that report. The count is steadier
 * than a time, because the engine compiles a function after a certain number of calls.
 *
 * @module
 */

import { execFile } from "node:child_process";
import process from "node:process";
import { createFetcher, type Fetcher, urlsOf } from "../support/fetchers.ts";
import { program } from "../support/program.ts";

/** Options. */
export interface HotFunctionsOptions {
  readonly serverUrl: string;
  readonly fetcher: Fetcher;
  readonly requests: number;
  readonly concurrency: number;
}

/** The number of functions that each compiler compiled; a hot function goes through the baseline compiler first. */
export interface HotFunctionsResult {
  readonly baseline: number;
  readonly dfg: number;
  readonly ftl: number;
  /** The time that the compilers' threads took, in milliseconds. */
  readonly compileMs: number;
}

const REPORT = "BUN_JSC_reportCompileTimes";
/** A limit on the length of a report, far beyond any real report. */
const MAX_REPORT_BYTES = 64_000_000;

await program(async (options: HotFunctionsOptions): Promise<HotFunctionsResult | undefined> => {
  if (process.env[REPORT] === undefined) return resultOf(await reportOf(process.argv.slice(1)));
  const { serverUrl, fetcher, requests, concurrency } = options;
  const fetchAll = await createFetcher(fetcher);
  await fetchAll(urlsOf(serverUrl, "small", requests), concurrency);
});

/** Runs this program again with the same arguments, and returns the output of the program and of its compilers. */
function reportOf(args: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { env: { ...process.env, [REPORT]: "1" }, maxBuffer: MAX_REPORT_BYTES };
  execFile(process.execPath, args, options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout + stderr);
    else reject(error);
  });
  return promise;
}

function resultOf(report: string): HotFunctionsResult {
  const tiers = { Baseline: 0, DFG: 0, FTL: 0 };
  let compileMs = 0;
  for (const [, tier, ms] of report.matchAll(/^Optimized .* using (Baseline|DFG|FTL) .* in ([\d.]+) ms/gm)) {
    tiers[tier as keyof typeof tiers]++;
    compileMs += Number(ms);
  }
  return { baseline: tiers.Baseline, dfg: tiers.DFG, ftl: tiers.FTL, compileMs };
}

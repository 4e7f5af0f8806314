/**
 * How long do many files take that each come 75 ms late, beside one of them?
 *
 * @module
 */

import { createFetcher, type Fetcher, urlsOf } from "../support/fetchers.ts";
import { program } from "../support/program.ts";

/** Options. */
export interface LatencyOptions {
  readonly serverUrl: string;
  readonly fetcher: Fetcher;
  readonly files: number;
  readonly concurrency: number;
  readonly repetitions: number;
}

/** What one repetition took. */
export interface LatencyResult {
  /** One file, by bare `fetch`. */
  readonly oneMs: number;
  /** All of them. */
  readonly allMs: number;
}

await program(async (options: LatencyOptions): Promise<LatencyResult[]> => {
  const { serverUrl, files, concurrency, repetitions } = options;
  const fetchAll = await createFetcher(options.fetcher);
  const bare = await createFetcher("bare loop");
  const timeOf = async (fetchAll: typeof bare, count: number): Promise<number> => {
    const before = performance.now();
    await fetchAll(urlsOf(serverUrl, "75ms/small", count), concurrency);
    return performance.now() - before;
  };
  // Connections and code that are warm: what is measured is waiting.
  for (const each of [bare, fetchAll]) await each(urlsOf(serverUrl, "small", 2_000), concurrency);
  const results: LatencyResult[] = [];
  for (let index = 0; index < repetitions; index++) {
    results.push({ oneMs: await timeOf(bare, 1), allMs: await timeOf(fetchAll, files) });
  }
  return results;
});

/**
 * How long do many files take, beside one file, if the server answers each request after 75 ms?
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

/** The times of one repetition. */
export interface LatencyResult {
  /** The time of one file, with bare `fetch`. */
  readonly oneMs: number;
  /** The time of all files. */
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
  // Open the connections and warm the code up first: the program measures only the waiting.
  for (const each of [bare, fetchAll]) await each(urlsOf(serverUrl, "small", 2_000), concurrency);
  const results: LatencyResult[] = [];
  for (let index = 0; index < repetitions; index++) {
    results.push({ oneMs: await timeOf(bare, 1), allMs: await timeOf(fetchAll, files) });
  }
  return results;
});

/**
 * How much do the first 1,000, 5,000, 20,000 … requests of a process cost?
 *
 * @module
 */

import { createFetcher, type Fetcher, urlsOf } from "../support/fetchers.ts";
import { program } from "../support/program.ts";
import type { Cost } from "../support/slices.ts";
import { cpuMs } from "../support/usage.ts";

/** Options. */
export interface FreshOptions {
  readonly serverUrl: string;
  readonly fetcher: Fetcher;
  /** Numbers of requests, in ascending order: the program notes its cost so far when it has made each number. */
  readonly requests: readonly number[];
  readonly concurrency: number;
}

await program(async ({ serverUrl, fetcher, requests, concurrency }: FreshOptions): Promise<Cost[]> => {
  const fetchAll = await createFetcher(fetcher);
  const cpuBefore = cpuMs();
  const before = performance.now();
  const costs: Cost[] = [];
  for (const [index, count] of requests.entries()) {
    await fetchAll(urlsOf(serverUrl, "small", count - (requests[index - 1] ?? 0)), concurrency);
    costs.push({ wallMs: performance.now() - before, cpuMs: cpuMs() - cpuBefore });
  }
  return costs;
});

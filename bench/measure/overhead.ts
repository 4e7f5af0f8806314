/**
 * How much does a request cost with one fetcher, beside another fetcher?
 *
 * @module
 */

import { createFetcher, type Fetcher, urlsOf } from "../support/fetchers.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface OverheadOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  readonly serverUrl: string;
  readonly resource: "small" | "large";
  readonly ours: Fetcher;
  readonly theirs: Fetcher;
  /** The number of requests in a slice. */
  readonly requests: number;
  readonly concurrency: number;
}

await program(async (options: OverheadOptions): Promise<Pair[]> => {
  const { serverUrl, resource, requests, concurrency } = options;
  const [ours, theirs] = await Promise.all([createFetcher(options.ours), createFetcher(options.theirs)]);
  return await alternate({
    ...options,
    ours: () => ours(urlsOf(serverUrl, resource, requests), concurrency),
    theirs: () => theirs(urlsOf(serverUrl, resource, requests), concurrency),
  });
});

/**
 * How long do many files take, one by one and in parallel, if the server answers each request after 75 ms?
 *
 * These are the times to beat, from loaders written by hand: 50 to 100 ms for one file; 200 to 300 ms for 20 laps in
 * parallel, 1 to 2 s one by one; 10 to 15 s for a session of 20 × 50 telemetry files in parallel, 50 to 100 s one by one.
 * The last of them, a session one by one, does not run here.
 *
 * @module
 */

import { createFetcher, type Fetcher, urlsOf } from "./support/fetchers.ts";
import { startServer } from "./support/server.ts";

interface Run {
  readonly fetcher: Fetcher;
  readonly files: number;
  readonly times: number;
}

const CONCURRENCY = 20;
const RUNS: Readonly<Record<string, readonly Run[]>> = {
  "1 file": [
    { fetcher: "bare loop", files: 1, times: 10 },
    { fetcher: "json", files: 1, times: 10 },
  ],
  "20 files": [
    { fetcher: "bare loop", files: 20, times: 10 },
    { fetcher: "stream", files: 20, times: 10 },
    { fetcher: "one by one", files: 20, times: 2 },
  ],
  // The least possible time is 50 turns of 75 ms; every fetcher also has to parse 133 MB.
  "1,000 files": [
    { fetcher: "bare loop", files: 1_000, times: 2 },
    { fetcher: "stream", files: 1_000, times: 2 },
  ],
};

const server = await startServer();

for (const [group, runs] of Object.entries(RUNS)) {
  for (const { fetcher, files, times } of runs) {
    const fetchAll = await createFetcher(fetcher);
    for (const [resource, size] of Object.entries({ small: "400 B", large: "133 KB" })) {
      Deno.bench({
        name: `${label(fetcher)}, ${size}`,
        group,
        baseline: fetcher === "bare loop" && resource === "small",
        n: times,
        warmup: 1,
        fn: async () => await fetchAll(urlsOf(server.url, `75ms/${resource}`, files), CONCURRENCY),
      });
    }
  }
}

function label(fetcher: Fetcher): string {
  if (fetcher === "bare loop") return "bare fetch loop, in parallel";
  return fetcher === "one by one" ? "bare fetch, one by one" : `client.${fetcher}()`;
}

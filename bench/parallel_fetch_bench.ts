/**
 * How long do many files take that each come 75 ms late, one by one and in parallel? The times to beat, of loaders that do it
 * by hand: 50 to 100 ms for one file, 200 to 300 ms for 20 laps in parallel and 1 to 2 s one by one, 10 to 15 s for a session
 * of 20 × 50 telemetry files in parallel and 50 to 100 s one by one, which is not run here.
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
  // The floor is 50 turns of 75 ms; parsing 133 MB is on top for everyone.
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

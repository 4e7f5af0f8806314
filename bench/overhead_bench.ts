/**
 * How much does a request cost beyond a bare `fetch`, and how much with the usual clients? Each run makes 500 requests to
 * loopback, 20 at once; the server is another process. Read the ratios, not the times.
 *
 * @module
 */

import { createFetcher, type Fetcher, urlsOf } from "./support/fetchers.ts";
import { RivalUnavailableError } from "./support/rivals.ts";
import { startServer } from "./support/server.ts";

const REQUESTS = 500;
const CONCURRENCY = 20;
const FETCHERS: Readonly<Record<string, Fetcher>> = {
  "bare fetch loop": "bare loop",
  "client.json() in a worker loop": "json",
  "client.fetch() + json() in a worker loop": "fetch",
  "client.stream()": "stream",
  "client.settle()": "settle",
  "pooledMap + fetch": "pooled_map",
  "ofetch + p-limit": "ofetch",
  "ky + p-limit": "ky",
};

// The server ends with this process, because it watches its standard input.
const server = await startServer();

for (const [label, name] of Object.entries(FETCHERS)) {
  try {
    const fetchAll = await createFetcher(name);
    for (const resource of ["small", "large"] as const) {
      Deno.bench({
        name: label,
        group: resource === "small" ? "400 bytes" : "133 KB",
        baseline: name === "bare loop",
        fn: async () => await fetchAll(urlsOf(server.url, resource, REQUESTS), CONCURRENCY),
      });
    }
  } catch (error) {
    if (!(error instanceof RivalUnavailableError)) throw error;
    console.error(`not measured: ${error.message}`);
  }
}

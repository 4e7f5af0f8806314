/**
 * How much does a request cost without a network, and does it cost more in a longer batch? Each run makes 10,000 requests
 * over a simulated `fetch`, in batches of 100, 1,000 or 10,000.
 *
 * @module
 */

import { type BatchMethod, createBatcher } from "./support/batches.ts";
import { createFakeFetch } from "./support/fake_fetch.ts";

const REQUESTS = 10_000;
const METHODS: readonly BatchMethod[] = ["stream", "settle", "json at once"];

for (const method of METHODS) {
  const fetchBatch = createBatcher(method, createFakeFetch());
  for (const length of [100, 1_000, 10_000]) {
    Deno.bench({
      name: `${method}, ${REQUESTS / length} × ${length.toLocaleString("en")}`,
      group: method,
      baseline: length === 100,
      async fn() {
        for (let done = 0; done < REQUESTS; done += length) await fetchBatch(length);
      },
    });
  }
}

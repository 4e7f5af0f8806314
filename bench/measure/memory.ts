/**
 * How much memory does a stream of many requests take?
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { urls } from "../support/batches.ts";
import { createFakeFetch } from "../support/fake_fetch.ts";
import { program } from "../support/program.ts";
import { heapBytes, peakRssBytes } from "../support/usage.ts";

/** Options. */
export interface MemoryOptions {
  /** This module's stream, or a bare loop over the same `fetch`, which shows how much memory the runtime itself takes. */
  readonly subject: "stream" | "bare loop";
  readonly requests: number;
}

/** The memory that the requests took. */
export interface MemoryResult {
  readonly peakRssBytes: number;
  /** The largest heap of all samples, including garbage that is not collected yet. */
  readonly peakHeapBytes: number;
}

const CONCURRENCY = 20;
/** The number of requests between two samples of the heap. */
const REQUESTS_A_SAMPLE = 500;

await program(async ({ subject, requests }: MemoryOptions): Promise<MemoryResult> => {
  const fetch = createFakeFetch();
  let peakHeapBytes = 0;
  let done = 0;
  const count = (): void => {
    if (++done % REQUESTS_A_SAMPLE === 0) peakHeapBytes = Math.max(peakHeapBytes, heapBytes());
  };
  await (subject === "stream" ? stream(fetch, requests, count) : bareLoop(fetch, requests, count));
  return { peakRssBytes: peakRssBytes(), peakHeapBytes };
});

async function stream(fetch: typeof globalThis.fetch, requests: number, count: () => void): Promise<void> {
  await using client = createClient({ fetch });
  for await (const outcome of client.stream(urls(requests), { concurrency: CONCURRENCY })) {
    if (!outcome.ok) throw outcome.error;
    count();
  }
}

async function bareLoop(fetch: typeof globalThis.fetch, requests: number, count: () => void): Promise<void> {
  const source = urls(requests);
  const work = async (): Promise<void> => {
    for (let next = source.next(); !next.done; next = source.next()) {
      await (await fetch(next.value)).json();
      count();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

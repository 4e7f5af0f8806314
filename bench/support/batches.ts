/**
 * Batches of any length over a given `fetch`.
 *
 * @module
 */

import { createClient } from "../../mod.ts";

/** The method that fetches a batch; `json at once` makes one call of `client.json()` for each URL, all at the start. */
export type BatchMethod = "stream" | "settle" | "json at once";

/** Creates a function that fetches a batch with the given number of URLs. */
export function createBatcher(
  method: BatchMethod,
  fetch: typeof globalThis.fetch,
): (count: number) => Promise<void> {
  const client = createClient({ fetch });
  const batches: Readonly<Record<BatchMethod, (count: number) => Promise<void>>> = {
    async stream(count) {
      for await (const outcome of client.stream(urls(count))) {
        if (!outcome.ok) throw outcome.error;
      }
    },
    async settle(count) {
      for (const outcome of await client.settle(urls(count))) {
        if (!outcome.ok) throw outcome.error;
      }
    },
    async "json at once"(count) {
      await Promise.all(Array.from(urls(count), (url) => client.json(url)));
    },
  };
  return batches[method];
}

/** Generates `count` different URLs. */
export function* urls(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield `https://fake.test/${index}`;
}

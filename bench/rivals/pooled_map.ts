/**
 * The standard library's `pooledMap`: only a limit, without a timeout or retries.
 *
 * @module
 */

import { pooledMap } from "@std/async/pool";
import type { Get } from "../support/rival_terms.ts";

/** Fetches all URLs with `get`, some at once. */
export async function poolAll(urls: Iterable<string>, concurrency: number, get: Get): Promise<void> {
  for await (const _ of pooledMap(concurrency, urls, get)) {
    // Drain the results; the benchmark does not use them.
  }
}

/** Fetches and parses all URLs, some at once, with bare `fetch`. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return poolAll(urls, concurrency, async (url) => await (await fetch(url)).json());
}

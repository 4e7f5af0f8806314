/**
 * The standard library's `pooledMap`: a limit, and nothing else.
 *
 * @module
 */

import { pooledMap } from "@std/async/pool";
import type { Get } from "../support/rival_terms.ts";

/** Gets all URLs, some at once. */
export async function poolAll(urls: Iterable<string>, concurrency: number, get: Get): Promise<void> {
  for await (const _ of pooledMap(concurrency, urls, get)) {
    // All of them are wanted, none is looked at.
  }
}

/** Fetches and parses all URLs, some at once, by bare `fetch`. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return poolAll(urls, concurrency, async (url) => await (await fetch(url)).json());
}

/**
 * The standard library's `pooledMap` over bare `fetch`: a limit, and nothing else.
 *
 * @module
 */

import { pooledMap } from "@std/async/pool";

/** Fetches and parses all URLs, some at once. */
export async function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  const values = pooledMap(concurrency, urls, async (url: string) => await (await fetch(url)).json());
  for await (const _ of values) {
    // All of them are wanted, none is looked at.
  }
}

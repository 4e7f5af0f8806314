/**
 * ffetch, which has retries and a timeout, under p-limit.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import { createClient } from "npm:@fetchkit/ffetch@4.3.0";
import { limitAll } from "./p_limit.ts";

const fetch = createClient({ retries: 3, timeout: 30_000 });

/** Fetches and parses all URLs, some at once. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, async (url) => await (await fetch(url)).json());
}

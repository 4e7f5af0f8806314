/**
 * p-limit: a limit on how many functions run at once.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import pLimit from "npm:p-limit@7.3.3";
import type { Get, Run } from "../support/rival_terms.ts";

/** Creates a function that runs tasks, at most `concurrency` at once. */
export function limit(concurrency: number): Run {
  const limited = pLimit(concurrency);
  return (task) => limited(task);
}

/** Fetches all URLs in the usual way to use p-limit for a list: it creates the tasks of all items at the start. */
export async function limitAll(
  urls: Iterable<string>,
  concurrency: number,
  get: Get,
): Promise<void> {
  const limited = pLimit(concurrency);
  await Promise.all(Array.from(urls, (url) => limited(() => get(url))));
}

/** Fetches and parses all URLs, some at once, with bare `fetch`: no timeout, no retries. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, async (url) => await (await fetch(url)).json());
}

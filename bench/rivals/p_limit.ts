/**
 * p-limit: a limit on how many functions run at once.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import pLimit from "npm:p-limit@7.3.3";
import type { Get, Run } from "../support/rival_terms.ts";

/** Runs tasks, so many at once. */
export function limit(concurrency: number): Run {
  const limited = pLimit(concurrency);
  return (task) => limited(task);
}

/** The way p-limit is used for a list: every item is a task from the start. */
export async function limitAll(
  urls: Iterable<string>,
  concurrency: number,
  get: Get,
): Promise<void> {
  const limited = pLimit(concurrency);
  await Promise.all(Array.from(urls, (url) => limited(() => get(url))));
}

/** Fetches and parses all URLs, some at once, by bare `fetch`: no timeout, no retries. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, async (url) => await (await fetch(url)).json());
}

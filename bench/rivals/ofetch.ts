/**
 * ofetch, which has retries and a timeout, under p-limit.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import { ofetch } from "npm:ofetch@1.5.1";
import { limitAll } from "./p_limit.ts";

/** Fetches and parses one URL. */
export function get(url: string): Promise<unknown> {
  return ofetch(url, { retry: 3, timeout: 30_000 });
}

/** Fetches and parses all URLs, some at once. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, get);
}

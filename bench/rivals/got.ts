/**
 * got, which has retries and a timeout, under p-limit. It sends requests with `node:http`, not with `fetch`.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import got from "npm:got@16.1.0";
import { limitAll } from "./p_limit.ts";

const client = got.extend({ retry: { limit: 3 }, timeout: { request: 30_000 } });

/** Fetches and parses all URLs, some at once. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, (url) => client(url).json());
}

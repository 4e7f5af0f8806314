/**
 * ky, which has retries and a timeout, under p-limit.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import ky from "npm:ky@2.1.0";
import { limitAll } from "./p_limit.ts";

const client = ky.create({ retry: 3, timeout: 30_000 });

/** Fetches and parses one URL. */
export function get(url: string): Promise<unknown> {
  return client(url).json();
}

/** Fetches and parses all URLs, some at once. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, get);
}

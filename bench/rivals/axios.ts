/**
 * axios, which has a timeout but no retries, under p-limit.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import axios from "npm:axios@1.21.1";
import { limitAll } from "./p_limit.ts";

const client = axios.create({ timeout: 30_000 });

/** Fetches and parses all URLs, some at once. */
export function fetchAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  return limitAll(urls, concurrency, (url) => client.get(url));
}

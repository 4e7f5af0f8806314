/**
 * The fetchers that the benchmarks compare: a bare loop, this module, and its rivals.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import type { FetchAll, Get } from "./rival_terms.ts";
import { loadRival, type Rivals } from "./rivals.ts";

/**
 * The name of a fetcher. `json`, `fetch`, `stream` and `settle` are this module's methods; the first two run in a worker
 * loop. The loop `with signals` gives every `fetch` a controller's signal, the least that can stop it at a deadline.
 */
export type Fetcher =
  | "bare loop"
  | "bare loop with signals"
  | "json"
  | "fetch"
  | "stream"
  | "settle"
  | "one by one"
  | FetchRival;

/** The name of a rival that fetches. */
export type FetchRival = Extract<
  keyof Rivals,
  "axios" | "ffetch" | "got" | "ky" | "ofetch" | "p_limit" | "pooled_map"
>;

/** Generates URLs of one resource, all different, so that no two requests can share a response. */
export function* urlsOf(serverUrl: string, resource: string, count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield `${serverUrl}/${resource}/${index}`;
}

/**
 * Creates a function that fetches and parses a list of URLs.
 *
 * @throws {RivalUnavailableError} If `name` is a rival that can't be loaded.
 */
export async function createFetcher(name: Fetcher): Promise<FetchAll> {
  switch (name) {
    case "bare loop":
      return (urls, concurrency) => workerLoop(urls, concurrency, fetchJson);
    case "bare loop with signals":
      return (urls, concurrency) => workerLoop(urls, concurrency, fetchJsonWithSignal);
    case "one by one":
      return (urls) => workerLoop(urls, 1, fetchJson);
    case "json": {
      const client = createClient();
      return (urls, concurrency) => workerLoop(urls, concurrency, (url) => client.json(url));
    }
    case "fetch": {
      const { fetch } = createClient();
      const get = async (url: string): Promise<unknown> => await (await fetch(url)).json();
      return (urls, concurrency) => workerLoop(urls, concurrency, get);
    }
    case "stream":
      return streamAll;
    case "settle":
      return settleAll;
    default:
      return (await loadRival(name)).fetchAll;
  }
}

// A client with the default options: retries, timeout and the like are on, and there is no cache.
const client = createClient();

async function streamAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  for await (const outcome of client.stream(urls, { concurrency })) {
    if (!outcome.ok) throw outcome.error;
  }
}

async function settleAll(urls: Iterable<string>, concurrency: number): Promise<void> {
  for (const outcome of await client.settle(urls, { concurrency })) {
    if (!outcome.ok) throw outcome.error;
  }
}

async function fetchJson(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}

async function fetchJsonWithSignal(url: string): Promise<unknown> {
  const { signal } = new AbortController();
  return await (await fetch(url, { signal })).json();
}

/** Runs workers that pull from one list: the simplest code that keeps `workers` requests in flight. */
async function workerLoop(
  urls: Iterable<string>,
  workers: number,
  get: Get,
): Promise<void> {
  const source = urls[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = source.next(); !next.done; next = source.next()) await get(next.value);
  };
  await Promise.all(Array.from({ length: workers }, work));
}

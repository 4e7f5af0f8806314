/**
 * The contenders that fetch from a service with faults: this module's stream with its defaults, and what programs commonly
 * use instead of it.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { getWithRetries } from "./hand_written_retries.ts";
import type { Get } from "./rival_terms.ts";
import { loadRival } from "./rivals.ts";
import { CONCURRENCY } from "./scenes.ts";

/** The name of a contender. */
export type Contender = "ours" | "ky + p-limit" | "ofetch + p-limit" | "pooledMap + retries";

/** All contenders. */
export const CONTENDERS: readonly Contender[] = [
  "ours",
  "ky + p-limit",
  "ofetch + p-limit",
  "pooledMap + retries",
];

/** Fetches all URLs, some at once, and reports for each URL whether it got a value, as soon as that is known. */
export type SettleAll = (
  urls: readonly string[],
  onSettled: (index: number, ok: boolean) => void,
) => Promise<void>;

/**
 * Creates a contender.
 *
 * @throws {RivalUnavailableError} If `name` is a rival that can't be loaded.
 */
export async function createContender(name: Contender): Promise<SettleAll> {
  switch (name) {
    case "ours":
      return streamAll;
    case "ky + p-limit":
      return limitAll((await loadRival("ky")).get);
    case "ofetch + p-limit":
      return limitAll((await loadRival("ofetch")).get);
    case "pooledMap + retries": {
      const { poolAll } = await loadRival("pooled_map");
      return (urls, onSettled) => poolAll(urls, CONCURRENCY, settling(getWithRetries, urls, onSettled));
    }
  }
}

async function streamAll(urls: readonly string[], onSettled: Parameters<SettleAll>[1]): Promise<void> {
  await using client = createClient();
  for await (const { index, ok } of client.stream(urls)) onSettled(index, ok);
}

async function limitAll(get: Get): Promise<SettleAll> {
  const { limitAll } = await loadRival("p_limit");
  return (urls, onSettled) => limitAll(urls, CONCURRENCY, settling(get, urls, onSettled));
}

/** Wraps `get` so that it reports a failure and never rejects: in `Promise.all`, one failure would end all the others. */
function settling(get: Get, urls: readonly string[], onSettled: Parameters<SettleAll>[1]): Get {
  const indexes = new Map(urls.map((url, index) => [url, index]));
  return async (url) => {
    const index = indexes.get(url)!;
    try {
      await get(url);
    } catch {
      return onSettled(index, false); // The benchmark counts failures; it does not need the error.
    }
    onSettled(index, true);
  };
}

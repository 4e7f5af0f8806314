/**
 * Many calls made at once, under a limit of 20: with this module, with the simplest code that does the job, and with a
 * rival.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { urls } from "./batches.ts";
import { loadRival } from "./rivals.ts";

/** The client that makes the calls. */
export type AtOnce = "client.json" | "bare fetch" | "p-limit + fetch";

const CONCURRENCY = 20;

/**
 * Creates a function that makes the given number of calls at once, and waits for all of them.
 *
 * @throws {RivalUnavailableError} If `who` is a rival that can't be loaded.
 */
export async function createAtOnce(
  who: AtOnce,
  fetch: typeof globalThis.fetch,
): Promise<(calls: number) => Promise<void>> {
  const fetchJson = async (url: string): Promise<unknown> => await (await fetch(url)).json();
  switch (who) {
    case "client.json": {
      const client = createClient({ fetch, concurrency: CONCURRENCY });
      return async (calls) => void await Promise.all(Array.from(urls(calls), (url) => client.json(url)));
    }
    case "bare fetch": {
      const limited = leastLimit(fetchJson);
      return async (calls) => void await Promise.all(Array.from(urls(calls), limited));
    }
    case "p-limit + fetch": {
      const { limitAll } = await loadRival("p_limit");
      return (calls) => limitAll(urls(calls), CONCURRENCY, fetchJson);
    }
  }
}

/** Limits the calls of a function with the simplest code that does the job: a counter, and a list of waiting calls. */
function leastLimit(get: (url: string) => Promise<unknown>): (url: string) => Promise<unknown> {
  const waiting: (() => void)[] = [];
  let next = 0;
  let free = CONCURRENCY;
  return async (url) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await get(url);
    } finally {
      if (next < waiting.length) waiting[next++]!();
      else {
        free++;
        next = waiting.length = 0;
      }
    }
  };
}

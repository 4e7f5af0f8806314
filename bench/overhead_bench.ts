/**
 * What does a request cost over a bare `fetch`, and what with the usual clients? 500 requests to loopback, 20 at once; the
 * server is another process. Read the ratios, not the times.
 *
 * @module
 */

import { pooledMap } from "@std/async/pool";
import ky from "npm:ky@2.0.2";
import { ofetch } from "npm:ofetch@1.5.1";
import pLimit from "npm:p-limit@7.3.0";
import { createClient } from "../mod.ts";
import { startServer } from "./support/server.ts";

const REQUESTS = 500;
const CONCURRENCY = 20;

const server = await startServer();
const client = createClient({ concurrency: CONCURRENCY });

function* urls(path: string): Generator<string> {
  for (let index = 0; index < REQUESTS; index++) yield `${server.url}/${path}/${index}`;
}

/** Workers that pull from one list: the least that keeps 20 requests under way. */
async function bareLoop(path: string): Promise<void> {
  const source = urls(path);
  const work = async () => {
    for (const url of source) await (await fetch(url)).json();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function ours(path: string): Promise<void> {
  for await (const outcome of client.stream(urls(path))) {
    if (!outcome.ok) throw outcome.error;
  }
}

async function limited(path: string, get: (url: string) => Promise<unknown>): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  await Promise.all(Array.from(urls(path), (url) => limit(() => get(url))));
}

async function pooled(path: string): Promise<void> {
  const results = pooledMap(CONCURRENCY, urls(path), async (url) => await (await fetch(url)).json());
  for await (const _ of results) {
    // All of them are wanted, none is looked at.
  }
}

for (const path of ["small", "large"]) {
  const group = path === "small" ? "400 bytes" : "133 KB";
  Deno.bench({
    name: `bare fetch loop, ${group}`,
    group,
    baseline: true,
    fn: async () => await bareLoop(path),
  });
  Deno.bench({ name: `slipstream, ${group}`, group, fn: async () => await ours(path) });
  Deno.bench({ name: `pooledMap + fetch, ${group}`, group, fn: async () => await pooled(path) });
  Deno.bench({
    name: `ofetch + p-limit, ${group}`,
    group,
    fn: async () => await limited(path, (url) => ofetch(url)),
  });
  Deno.bench({
    name: `ky + p-limit, ${group}`,
    group,
    fn: async () => await limited(path, (url) => ky(url).json()),
  });
}

globalThis.addEventListener("unload", () => {
  server[Symbol.asyncDispose]();
});

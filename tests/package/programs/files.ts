/** Fetches with a cache in a folder, with two clients one after the other, and prints where the answers came from. */

import process from "node:process";
import { createClient } from "@slipstream/fetch";
import { httpCache } from "@slipstream/fetch/cache";
import { filesystemCache } from "@slipstream/fetch/cache/filesystem";

const [, , site = "", folder = ""] = process.argv;
const from: string[] = [];
for (let round = 0; round < 2; round++) {
  const client = createClient({ baseUrls: site, cache: httpCache(filesystemCache(folder)) });
  for (const outcome of await client.settle(["cached/a", "cached/b", "cached/c"])) {
    from.push(outcome.ok ? outcome.from : String(outcome.error));
  }
  await client.close();
}
const adapter = filesystemCache(new URL(`file://${folder}`));
await adapter.sweep?.();
console.log(JSON.stringify(from));

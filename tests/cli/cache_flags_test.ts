import { assert, assertEquals } from "@std/assert";
import { warnOfCache } from "../../src/cli/cache_flags.ts";
import { createClient } from "../../src/client/create_client.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

test("warnOfCache() warns once about a failing cache, and not after its disposal", async () => {
  const said: string[] = [];
  const broken = () => {
    throw new Error("no\ndisk");
  };
  const adapter = { name: "x", maxEntryBytes: 100, get: broken, set: broken, delete: broken };
  const options = { cache: planOf({ adapter }), fetch: () => Promise.resolve(new Response("1")) };
  const client = createClient(options);
  const warnings = warnOfCache(client, (text) => Promise.reject(said.push(text)));
  assertEquals(await client.json("https://a.test/"), 1);
  await client.close();
  assertEquals(said, ["The cache 'x' failed to get; requests go on without it: no disk"]);
  warnings[Symbol.dispose]();

  const second = createClient(options);
  warnOfCache(second, (text) => Promise.resolve(void said.push(text)))[Symbol.dispose]();
  await second.json("https://a.test/");
  await second.close();
  assert(said.length === 1, said.join("\n"));
});

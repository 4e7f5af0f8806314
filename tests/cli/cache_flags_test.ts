import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { openCache, warnOfCache } from "../../src/cli/cache_flags.ts";
import { createClient } from "../../src/client/create_client.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const open = (cache: string | undefined, ci?: string) => openCache({ cache }, systemClock, () => ci);

test("openCache() creates a cache only if requested, and not if SLIPSTREAM_CI is set", () => {
  assertEquals(open(undefined), undefined);
  assertEquals([open("dir", "1"), open("dir", "true")], [undefined, undefined]);
  for (const ci of [undefined, "", "0", "false"]) assertEquals(open("dir", ci)?.name, "filesystem");
});

test("openCache() treats an impossible folder, or a missing value, as wrong usage", () => {
  assertThrows(
    () => open("a\0b"),
    UsageError,
    `'--cache' must be the path of a folder: received "a\\u0000b"`,
  );
  assertThrows(() => open("dir", "maybe"), UsageError, "'SLIPSTREAM_CI'");
});

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

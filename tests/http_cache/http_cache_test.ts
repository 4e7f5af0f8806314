import { assertEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache, type HttpCacheOptions } from "../../src/http_cache/http_cache.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeOrigin, json } from "../policies/fake_origin.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";

/** Returns how many requests two calls for one URL cost, the second one this much later. */
async function requests(
  options: HttpCacheOptions,
  headers: Record<string, string>,
  laterMs = 0,
): Promise<number> {
  const clock = new ManualClock();
  const origin = new FakeOrigin(json(1, { headers }));
  const client = createClient({ clock, fetch: origin.fetch, cache: httpCache(memoryCache(), options) });
  await clock.run(client.json(URL_A));
  await clock.advance(laterMs);
  await clock.run(client.json(URL_A));
  return origin.calls;
}

test("httpCache() leaves the lifetime to the server, and uses `ttlMs` where the server says nothing", async () => {
  assertEquals(await requests({}, {}), 2);
  assertEquals(await requests({}, { "cache-control": "max-age=60" }), 1);
  assertEquals(await requests({}, { "cache-control": "max-age=60" }, 60_000), 2);
  assertEquals(await requests({ ttlMs: 1_000 }, {}), 1);
  assertEquals(await requests({ ttlMs: () => 1_000 }, {}, 1_000), 2);
  assertEquals(await requests({ ttlMs: 1_000_000 }, { "cache-control": "max-age=60" }, 60_000), 2);
});

test("httpCache() names its kind of plan, and can't be changed", () => {
  const plan = httpCache(memoryCache());
  assertEquals([plan.name, Object.isFrozen(plan)], ["httpCache", true]);
});

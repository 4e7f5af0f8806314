import { assertEquals, assertThrows } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ttlCache, type TtlCacheOptions } from "../../src/http_cache/ttl_cache.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeOrigin, json } from "../policies/fake_origin.ts";
import { test } from "../support/test.ts";

test("ttlCache() keeps entries for its time, whatever the server says", async () => {
  for (const [ttlMs, calls] of [[1_000, 2], [1_001, 1], [Infinity, 1], [0, 2], [() => 1_001, 1]] as const) {
    const clock = new ManualClock();
    const origin = new FakeOrigin(json(1, { headers: { "cache-control": "max-age=0, must-revalidate" } }));
    const client = createClient({ clock, fetch: origin.fetch, cache: ttlCache(memoryCache(), { ttlMs }) });
    await clock.run(client.json("https://a.test/x"));
    await clock.advance(1_000);
    await clock.run(client.json("https://a.test/x"));
    assertEquals(origin.calls, calls);
  }
});

test("ttlCache() requires a time, and names the forms that it accepts", () => {
  for (const options of [undefined, {}, { ttlMs: undefined }]) {
    assertThrows(
      () => ttlCache(memoryCache(), options as TtlCacheOptions),
      TypeError,
      "Cannot create ttl cache as 'ttlMs' must be a number of milliseconds, or a function that gives one; Infinity keeps for ever: received undefined",
    );
  }
});

test("ttlCache() names its kind of plan, and can't be changed", () => {
  const plan = ttlCache(memoryCache(), { ttlMs: 1 });
  assertEquals([plan.name, Object.isFrozen(plan)], ["ttlCache", true]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("seasonCache() keeps past seasons for ever and the running one for five minutes, by the client's clock", async () => {
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  const urls: string[] = [];
  const fetch = (url: unknown) => {
    urls.push(String(url));
    return Promise.resolve(Response.json({ drivers: [] }));
  };
  const cache = seasonCache(memoryCache());
  const load = async (year: number): Promise<void> => {
    await using f1 = tracingInsights({ fetch, clock, cache });
    await clock.run(f1.fetchJson(year, "a", "b", "drivers.json"));
  };
  for (const year of [2025, 2026, 2025, 2026]) await load(year);
  assertEquals(urls.length, 2);
  await clock.advance(5 * 60_000);
  for (const year of [2025, 2026]) await load(year);
  assertEquals(urls.length, 3);
  assert(urls[2]!.includes("/2026@main/"));
});

test("seasonCache() is particular about what it is made of", () => {
  assertThrows(() => seasonCache({} as never), TypeError, "'adapter' must be a cache adapter");
  assertThrows(() => seasonCache(memoryCache(), { ttl: 5 } as never), TypeError, "'ttl' is not an option");
});

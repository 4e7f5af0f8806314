import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { DataNotFoundError, NetworkError } from "../../src/errors.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { driversOf, fakeFiles, lapsOf } from "./fake_files.ts";

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

test("seasonCache() serves an old file of the running season for 30 days while the network fails", async () => {
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  let isDown = false;
  const fetch = () =>
    isDown ? Promise.reject(new TypeError("down")) : Promise.resolve(Response.json({ drivers: [] }));
  const cache = seasonCache(memoryCache({ now: () => clock.wallNow() }));
  await using f1 = tracingInsights({ fetch, clock, cache, maxRetries: 0 });
  const load = () => clock.run(f1.fetchJson(2026, "a", "b", "drivers.json"));
  const drivers = await load();
  isDown = true;
  await clock.advance(29 * 86_400_000);
  assertEquals(await load(), drivers);
  await clock.advance(2 * 86_400_000);
  await assertRejects(load, NetworkError);
});

test("seasonCache() refuses bad adapters and options", () => {
  assertThrows(() => seasonCache({} as never), TypeError, "'adapter' must be a cache adapter");
  assertThrows(() => seasonCache(memoryCache(), { ttl: 5 } as never), TypeError, "'ttl' is not an option");
  assertThrows(
    () => seasonCache(memoryCache(), { ttlMs: 5 } as never),
    TypeError,
    "'ttlMs' is not an option here",
  );
  assertThrows(() => seasonCache(memoryCache(), null as never), TypeError, "the options must be an object");
});

test("seasonCache() remembers a missing file for five minutes, or as long as it is told to", async () => {
  for (const [negative, requests] of [[undefined, 2], [{ 404: 1_000 }, 3], [{}, 4]] as const) {
    const clock = new ManualClock();
    let sent = 0;
    const fetch = () => Promise.resolve(new Response("", { status: ++sent > 0 ? 404 : 200 }));
    const cache = seasonCache(memoryCache(), { negative });
    await using f1 = tracingInsights({ fetch, clock, cache });
    for (const passingMs of [0, 999, 1, 299_000]) {
      await clock.advance(passingMs);
      assertEquals(await clock.run(f1.fetchMultiple([[2025, "a", "b", "drivers.json"]])), [null]);
    }
    assertEquals(sent, requests);
  }
});

test("seasonCache() knows offline which files of a past season are missing, as long as it has the others", async () => {
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  const files = fakeFiles({ "drivers.json": driversOf("VER", "DNS"), "VER/laptimes.json": lapsOf(91, 90) });
  const cache = seasonCache(memoryCache({ now: () => clock.wallNow() }));
  await using f1 = tracingInsights({ fetch: files.fetch, clock, cache });
  await clock.run(f1.session(2025, "monaco", "R").prefetch());
  await clock.advance(365 * 86_400_000);
  await using offline = tracingInsights({ fetch: files.fetch, clock, cache, offline: true });
  const race = offline.session(2025, "monaco", "R");
  assertEquals((await clock.run(race.results())).map(({ driver, laps }) => [driver.driver, laps]), [
    ["VER", 2],
    ["DNS", 0],
  ]);
  await clock.run(assertRejects(() => race.weather(), DataNotFoundError));
});

test("seasonCache() has a whole race on disk after one load, and loads it again with refresh", async () => {
  const race = racePayloads({ drivers: 3, laps: 4 });
  const resources = (path: string) => path.endsWith("3_tel.json") ? undefined : race.resources(path);
  await using cdn = createSimulatedCdn({ resources });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const load = async (refresh: boolean) => {
    const before = cdn.log.requests;
    await using f1 = tracingInsights({
      baseUrls: url,
      cache: seasonCache([memoryCache(), filesystemCache(temp.path)]),
    });
    const { loaded, missing, failures } = await f1.session(2025, "Abu Dhabi", "Race").prefetch({ refresh });
    return { loaded, missing, failures, requests: cdn.log.requests - before };
  };
  const files = race.paths().length;
  const all = { loaded: files - 3, missing: 3, failures: [], requests: files };
  assertEquals(await load(false), all);
  assertEquals(await load(false), { ...all, requests: 0 });
  assertEquals(await load(true), all);
  assertEquals(await load(false), { ...all, requests: 0 });
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { WarningEvent } from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { DataNotFoundError, NetworkError } from "../../src/errors.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import type { TracingInsightsOptions } from "../../src/f1/tracing_insights.ts";
import type { TtlCacheOptions } from "../../src/http_cache/ttl_cache.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { driversOf, type FakeFile, fakeFiles, lapsOf, telemetryOf } from "./fake_files.ts";

const DAY_MS = 86_400_000;
const EVENT = "Monaco Grand Prix";
const FILES: Record<string, FakeFile> = {
  "drivers.json": driversOf("VER", "DNS", "NOR"),
  "VER/laptimes.json": lapsOf(91, 90),
  "NOR/laptimes.json": lapsOf(92),
  "VER/1_tel.json": telemetryOf("VER-1"),
};

/** Creates a source in 2026 that has loaded a session. The network then fails as the test says, after some time. */
async function setUp(
  { year = 2026, ...given }: Partial<Omit<TtlCacheOptions, "ttlMs">> & { year?: number } = {},
) {
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  const files = fakeFiles(FILES);
  const adapter = memoryCache({ now: () => clock.wallNow() });
  let failing: (() => Response | Promise<Response>) | undefined;
  const open = (options: TracingInsightsOptions = {}) => {
    const f1 = tracingInsights({
      fetch: (input, init) => failing === undefined ? files.fetch(input, init) : Promise.resolve(failing()),
      clock,
      cache: seasonCache(adapter, given),
      ...options,
    });
    const warnings: WarningEvent[] = [];
    f1.client.on((event) => event.type === "warning" && warnings.push(event));
    return { f1, race: f1.session(year, EVENT, "R"), warnings };
  };
  const { f1, race, warnings } = open();
  await clock.run(race.prefetch());
  assertEquals(warnings, []);
  return {
    clock,
    open,
    f1,
    race,
    warnings,
    async fail(afterMs: number, how: () => Response | Promise<Response>) {
      await clock.advance(afterMs);
      failing = how;
    },
    recover: () => void (failing = undefined),
  };
}

const down = (): Promise<Response> => Promise.reject(new TypeError("no route"));

test("a session of the running season answers stale while the network fails, with one warning per outage", async () => {
  const outages: (() => Response | Promise<Response>)[] = [
    down,
    () => new Response("sorry", { status: 503 }),
    () => new Response("<html>Sign in</html>"),
    () => new Response('{"drivers": ['),
  ];
  for (const how of outages) {
    const { clock, race, f1, warnings, fail, recover } = await setUp();
    await fail(DAY_MS, how);
    const sinceMs = clock.now();
    assertEquals(Object.keys(await clock.run(race.laps())), ["VER", "NOR"]);
    assertEquals((await clock.run(race.fastestLap()))?.time, 90);
    assertEquals((await clock.run(race.results())).map(({ driver }) => driver.driver), ["VER", "NOR", "DNS"]);
    assert(clock.now() - sinceMs < 10_000, `${clock.now() - sinceMs}`);
    await clock.run(assertRejects(() => race.laps("DNS"), DataNotFoundError, "from the cache"));
    assertEquals(warnings.map(({ source, message }) => [source, message]), [[
      "f1",
      "Files that may be out of date are served from the cache, because the network fails",
    ]]);
    await clock.advance(60_000);
    recover();
    await clock.run(race.laps());
    await fail(DAY_MS, how);
    await clock.run(race.drivers());
    assertEquals(warnings.length, 2);
    await clock.run(f1.close());
    assertEquals(clock.pending, 0);
  }
});

test("a past season needs no network, and warns that a stale answer about a missing file is stale", async () => {
  const { clock, race, warnings, fail } = await setUp({ year: 2025 });
  await fail(DAY_MS, down);
  assertEquals((await clock.run(race.telemetry("VER", 1))).tel.dataKey, "VER-1");
  assertEquals(warnings, []);
  assertEquals(Object.keys(await clock.run(race.laps())), ["VER", "NOR"]);
  assertEquals(warnings.length, 1);
});

test("allTelemetry() marks each stale lap, and a new source warns again", async () => {
  const { clock, open, fail } = await setUp();
  await fail(DAY_MS, down);
  const { race, warnings } = open();
  const outcomes = await clock.run(Array.fromAsync(race.allTelemetry({ drivers: ["VER"] })));
  assertEquals(outcomes.map((outcome) => outcome.ok ? outcome.from : outcome.error.name), [
    "stale",
    "DataNotFoundError",
  ]);
  assertEquals(warnings.length, 1);
});

test("neither an answer that was requested as stale nor a fresh one counts as an outage", async () => {
  const { clock, open, race, warnings, fail } = await setUp();
  await fail(60_000, down);
  await clock.run(race.drivers());
  await fail(DAY_MS, down);
  await clock.run(race.drivers({ cache: "force-cache" }));
  const offline = open({ offline: true });
  await clock.run(offline.race.laps());
  assertEquals([...warnings, ...offline.warnings], []);
});

test("the failure is an error after 30 days, with refresh, for other refusals, and if the cache is told so", async () => {
  const old = await setUp();
  await old.fail(31 * DAY_MS, down);
  await old.clock.run(assertRejects(() => old.race.drivers(), NetworkError));
  const strict = await setUp({ staleIfErrorMs: 0 });
  await strict.fail(DAY_MS, down);
  await strict.clock.run(assertRejects(() => strict.race.drivers(), NetworkError));
  const refused = await setUp();
  await refused.fail(DAY_MS, () => new Response("Forbidden", { status: 403 }));
  await refused.clock.run(assertRejects(() => refused.race.drivers(), NetworkError));
  const { clock, race, warnings, fail } = await setUp();
  await fail(DAY_MS, down);
  const { loaded, failures } = await clock.run(race.prefetch({ refresh: true }));
  assertEquals([loaded, failures.length > 0, warnings], [0, true, []]);
  // The source has lost nothing.
  assertEquals((await clock.run(race.drivers())).length, 3);
});

test("a source loses nothing while the network refuses requests, also with refresh", async () => {
  const { clock, race, fail, open } = await setUp({ staleIfErrorMs: 0 });
  await fail(DAY_MS, () => new Response("Forbidden", { status: 403 }));
  await clock.run(assertRejects(() => race.drivers(), NetworkError));
  const { loaded, missing } = await clock.run(race.prefetch({ refresh: true }));
  assertEquals([loaded, missing], [0, 0]);
  const offline = open({ offline: true });
  assertEquals((await clock.run(offline.race.drivers())).length, 3);
  assertEquals(Object.keys(await clock.run(offline.race.laps())), ["VER", "NOR"]);
});

test("a background refresh that the caller has asked for does not count as an outage", async () => {
  const { clock, race, warnings, fail } = await setUp({ staleWhileRevalidateMs: 7 * DAY_MS });
  await fail(DAY_MS, down);
  const sinceMs = clock.now();
  assertEquals([(await clock.run(race.drivers())).length, clock.now() - sinceMs, warnings], [3, 0, []]);
});

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { DataNotFoundError, HttpError } from "../../src/errors.ts";
import { sourceError } from "../../src/f1/missing_file.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { driversOf, fakeFiles, lapsOf, telemetryOf } from "./fake_files.ts";

const EVENT = "Abu Dhabi Grand Prix";
const TEXT =
  "Package size exceeded the configured limit of 50 MB. Try https://github.com/T/2025/tree/main/x instead.";
const oversized = () => new Response(TEXT, { status: 403 });

function refusal(body: string, status = 403): HttpError {
  return new HttpError("GET x was answered with 403", {
    status,
    headers: new Headers(),
    body,
    url: "https://cdn.example/x",
    method: "GET",
    attempts: 1,
    context: { a: 1 },
  });
}

test("sourceError() treats a 403 about the package's size as a missing file", () => {
  const refused = refusal(TEXT);
  const error = sourceError(refused);
  assert(error instanceof DataNotFoundError);
  assertEquals([error.status, error.url, error.method, error.attempts, error.context], [
    403,
    "https://cdn.example/x",
    "GET",
    1,
    { a: 1 },
  ]);
  assertStrictEquals(error.cause, refused);
});

test("sourceError() leaves every other failure as it is", () => {
  for (
    const error of [
      refusal("Forbidden"),
      refusal(""),
      refusal("You asked why: Package size exceeded"),
      refusal(TEXT, 500),
      new TypeError(TEXT),
      undefined,
    ]
  ) assertStrictEquals(sourceError(error), error);
});

test("F1 methods treat a 403 about the package's size as a missing file", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "HAM", "NOR"),
    "VER/laptimes.json": lapsOf(91, 92),
    "VER/1_tel.json": telemetryOf("VER-1"),
    "VER/2_tel.json": oversized,
    "HAM/laptimes.json": oversized,
    "NOR/laptimes.json": lapsOf(90),
    "NOR/1_tel.json": oversized,
    "weather.json": oversized,
  });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const warnings: unknown[] = [];
  f1.client.on((event) => event.type === "warning" && warnings.push(event));
  const session = f1.session(2025, EVENT, "Race");
  assertEquals(Object.keys(await session.laps()), ["VER", "NOR"]);
  await assertRejects(() => session.weather(), DataNotFoundError, "the file is missing");
  await assertRejects(() => f1.fetchJson(2025, EVENT, "Race", "weather.json"), DataNotFoundError);
  assertEquals(
    (await session.fastestLapTelemetry({ by: "driver" })).map(({ driver }) => driver),
    ["VER"],
  );
  assertEquals(await f1.fetchMultiple([[2025, EVENT, "Race", "weather.json"]]), [null]);
  const failures: unknown[] = [];
  for await (const outcome of session.allTelemetry({ ordered: true })) {
    if (!outcome.ok) failures.push([outcome.driver, outcome.lap, outcome.error.name]);
  }
  assertEquals(failures.sort(), [
    ["HAM", null, "DataNotFoundError"],
    ["NOR", 1, "DataNotFoundError"],
    ["VER", 2, "DataNotFoundError"],
  ]);
  assertEquals(warnings, []);
});

test("Missing files that come as 403 open no breaker", async () => {
  const files = fakeFiles({ "weather.json": oversized, "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({
    fetch: files.fetch,
    cache: false,
    circuitBreaker: { threshold: 3, cooldownMs: 60_000 },
  });
  const wanted = Array.from({ length: 40 }, () => [2025, EVENT, "Race", "weather.json"] as const);
  await f1.fetchMultiple(wanted);
  assertEquals((await f1.session(2025, EVENT, "Race").drivers()).length, 1);
  assertEquals(new URL(files.urls.at(-1)!).host, "cdn.jsdelivr.net");
});

const WEATHER = [2025, EVENT, "Race", "weather.json"] as const;
const hostsOf = (urls: readonly string[]) => urls.map((url) => new URL(url).host.split(".")[0]);

test("A 403 about the package's size is cached as a missing file for five minutes, also by the caller's own plan", async () => {
  for (
    const cache of [
      undefined,
      seasonCache(memoryCache()),
      httpCache(memoryCache(), { negative: { 404: 5 * 60_000 } }),
    ]
  ) {
    const clock = new ManualClock();
    const files = fakeFiles({ "weather.json": oversized });
    await using f1 = tracingInsights({ fetch: files.fetch, clock, cache });
    for (let round = 1; round <= 3; round++) {
      assertEquals(await clock.run(f1.fetchMultiple([WEATHER])), [null]);
      const error = await clock.run(assertRejects(() => f1.fetchJson(...WEATHER), DataNotFoundError));
      assertEquals([error.status, error.body], [404, TEXT]);
      assertEquals(hostsOf(files.urls), ["cdn", "fastly", "gcore"]);
      await clock.advance(60_000);
    }
    await clock.advance(2 * 60_000);
    assertEquals(await clock.run(f1.fetchMultiple([WEATHER])), [null]);
    assertEquals(files.urls.length, 6);
  }
});

test("A 403 about the package's size does not refute a stored file, which answers while there is no other", async () => {
  for (const staleIfErrorMs of [undefined, 0]) {
    const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
    let isInTrouble = false;
    const headers = { etag: '"1"' };
    const fetch = (_url: unknown, { headers: sent }: RequestInit = {}) => {
      if (isInTrouble) return Promise.resolve(oversized());
      const isKnown = new Headers(sent).has("if-none-match");
      return Promise.resolve(
        isKnown ? new Response(null, { status: 304, headers }) : Response.json(driversOf("VER"), { headers }),
      );
    };
    const cache = seasonCache(memoryCache({ now: () => clock.wallNow() }), { staleIfErrorMs });
    await using f1 = tracingInsights({ fetch, clock, cache });
    const warnings: string[] = [];
    f1.client.on((event) => event.type === "warning" && warnings.push(event.source));
    const race = f1.session(2026, "monaco", "R");
    await clock.run(race.drivers());
    await clock.advance(6 * 60_000);
    isInTrouble = true;
    if (staleIfErrorMs === 0) {
      await clock.run(assertRejects(() => race.drivers(), DataNotFoundError));
    } else {
      assertEquals((await clock.run(race.drivers())).map(({ driver }) => driver), ["VER"]);
      assertEquals(warnings, ["f1"]);
    }
    isInTrouble = false;
    assertEquals((await clock.run(race.drivers())).map(({ driver }) => driver), ["VER"]);
    assertEquals(f1.client.stats().cacheHits.fresh, 1);
  }
});

test("A 403 moves on to the other mirrors, and the first with the file answers", async () => {
  for (const refused of [oversized, () => new Response("Forbidden", { status: 403 })]) {
    const files = fakeFiles({ "weather.json": () => files.urls.length < 3 ? refused() : Response.json({}) });
    await using f1 = tracingInsights({ fetch: files.fetch, validate: false });
    const found: unknown[] = await f1.fetchMultiple([WEATHER, WEATHER]);
    assertEquals(found, [{}, {}]);
    assertEquals(hostsOf(files.urls), ["cdn", "fastly", "gcore"]);
  }
});

test("A 403 with another text is a refusal, and is not cached", async () => {
  for (const text of ["Forbidden", "", "You asked why: Package size exceeded"]) {
    const files = fakeFiles({ "weather.json": () => new Response(text, { status: 403 }) });
    await using f1 = tracingInsights({ fetch: files.fetch });
    for (let round = 1; round <= 2; round++) {
      const error = await assertRejects(() => f1.fetchJson(...WEATHER), HttpError);
      assertEquals([error.status, error.body, files.urls.length], [403, text, 3 * round]);
    }
  }
});

test("A 403 about the package's size stays a 403 for a caller that reads the response", async () => {
  const files = fakeFiles({ "weather.json": oversized });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const response = await f1.client.fetch("2025@main/a/Race/weather.json");
  assertEquals([response.status, await response.text()], [403, TEXT]);
});

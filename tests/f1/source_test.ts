import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { DataNotFoundError, HttpError, InvalidDataError } from "../../src/errors.ts";
import type { F1Event } from "../../src/f1/calendar.ts";
import type { DriversPayload } from "../../src/f1/drivers.ts";
import type { LapTimes } from "../../src/f1/lap_times.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import type { TracingInsights } from "../../src/f1/tracing_insights.ts";
import type { Telemetry } from "../../src/f1/telemetry.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";
import { driversOf, fakeFiles, lapsOf, never, telemetryOf } from "./fake_files.ts";

const EVENT = "Pre-Season Testing";
const HOSTS = ["cdn.jsdelivr.net", "fastly.jsdelivr.net", "gcore.jsdelivr.net"];

function hostsOf(urls: readonly string[]): string[] {
  return urls.map((url) => new URL(url).host);
}

test("tracingInsights() requests the percent-encoded path from jsDelivr", async () => {
  const files = fakeFiles({ "VER/laptimes.json": lapsOf("None", 91.2) });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const laps = await f1.fetchJson(2026, EVENT, "Practice 1", "VER/laptimes.json");
  assertEquals(laps.time, [null, 91.2]);
  assertEquals(files.urls, [
    "https://cdn.jsdelivr.net/gh/TracingInsights/2026@main/Pre-Season%20Testing/Practice%201/VER/laptimes.json",
  ]);
});

test("tracingInsights() asks each mirror of jsDelivr in turn", async () => {
  const files = fakeFiles({ "drivers.json": 503 });
  await using f1 = tracingInsights({ fetch: files.fetch, maxRetries: 0 });
  await assertRejects(() => f1.fetchJson(2026, EVENT, "Practice 1", "drivers.json"), HttpError);
  assertEquals(hostsOf(files.urls), HOSTS);
});

test("tracingInsights() uses other mirrors if it is given some", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch, baseUrls: "https://mirror.example/f1/" });
  await f1.fetchJson(2026, "a", "b", "drivers.json");
  assertEquals(files.urls, ["https://mirror.example/f1/2026@main/a/b/drivers.json"]);
});

test("tracingInsights() uses an existing client, and leaves it open", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using client = createClient({ baseUrls: "https://mirror.example", fetch: files.fetch });
  {
    await using f1 = tracingInsights({ client });
    assertEquals(f1.client, client);
    await f1.fetchJson(2026, "a", "b", "drivers.json");
  }
  assertEquals(await client.json("2026@main/a/b/drivers.json"), driversOf("VER"));
});

test("tracingInsights() refuses other options beside a client, and a value that is no client", async () => {
  await using client = createClient();
  assertThrows(
    () => tracingInsights({ client, concurrency: 5 }),
    TypeError,
    "Cannot create F1 source as 'concurrency' must be absent beside 'client'",
  );
  assertThrows(() => tracingInsights({ client: {} as never }), TypeError, "'client' must be a client");
  await using _source = tracingInsights({ client, validate: false, baseUrls: undefined });
  assertThrows(
    () => tracingInsights({ client, validate: "no" as never }),
    TypeError,
    "'validate' must be true or false",
  );
  for (const options of [null, 5, "x", []]) {
    assertThrows(() => tracingInsights(options as never), TypeError, "the options must be an object");
  }
});

test("tracingInsights() refuses an option that its client refuses", () => {
  assertThrows(() => tracingInsights({ concurrency: 0 }), RangeError, "concurrency");
});

test("TracingInsights.close() aborts requests in flight of its own client, and may be called again", async () => {
  const files = fakeFiles({ "drivers.json": never });
  const f1 = tracingInsights({ fetch: files.fetch });
  const drivers = f1.fetchJson(2026, "a", "b", "drivers.json");
  const reason = new Error("enough");
  const rejected = assertRejects(() => drivers, Error, "enough");
  await f1.close(reason);
  await f1.close();
  await rejected;
});

test("TracingInsights.fetchJson() refuses bad arguments before any request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  await assertRejects(() => f1.fetchJson(1999, EVENT, "Race", "drivers.json"), RangeError, "'year'");
  await assertRejects(() => f1.fetchJson(2026, "", "Race", "drivers.json"), TypeError, "'event'");
  await assertRejects(() => f1.fetchJson(2026, EVENT, "..", "drivers.json"), TypeError, "'session'");
  await assertRejects(() => f1.fetchJson(2026, EVENT, "Race", "../drivers.json"), TypeError, "'path'");
  await assertRejects(() => f1.fetchJson(2026, EVENT, "Race", "/drivers.json"), TypeError, "'path'");
  assertEquals(files.urls, []);
});

test("TracingInsights.fetchJson() rejects for a missing file, after one request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  await assertRejects(() => f1.fetchJson(2026, EVENT, "Race", "drivers.json"), DataNotFoundError);
  assertEquals(files.urls.length, 1);
});

test("TracingInsights.fetchJson() asks the next mirror when a payload fails its schema, then names the column", async () => {
  const files = fakeFiles({ "VER/laptimes.json": { ...lapsOf(91, 92), s1: [1] } });
  await using f1 = tracingInsights({ fetch: files.fetch, maxRetries: 0 });
  const error = await assertRejects(
    () => f1.fetchJson(2026, EVENT, "Race", "VER/laptimes.json"),
    InvalidDataError,
  );
  assertEquals(hostsOf(files.urls), HOSTS);
  assertEquals(error.reason, "schema");
  assertEquals(error.issues, [{ path: "s1", message: "Column 's1' has 1 values where others have 2" }]);
});

test("TracingInsights.fetchJson() passes on unchecked payloads with validate: false", async () => {
  const laps = { time: ["None"], anything: "goes" };
  const files = fakeFiles({ "VER/laptimes.json": laps, "x.json": { a: "None" } });
  await using raw = tracingInsights({ fetch: files.fetch, validate: false });
  assertEquals<unknown>(await raw.fetchJson(2026, EVENT, "Race", "VER/laptimes.json"), laps);
  await assertRejects(
    () => raw.fetchJson(2026, EVENT, "Race", "VER/laptimes.json", { validate: true }),
    InvalidDataError,
  );
  await using checked = tracingInsights({ fetch: files.fetch });
  assertEquals<unknown>(
    await checked.fetchJson(2026, EVENT, "Race", "VER/laptimes.json", { validate: false }),
    laps,
  );
});

test("TracingInsights.fetchJson() passes on files without a schema", async () => {
  const files = fakeFiles({ "session_laptimes.json": { a: "None" } });
  await using f1 = tracingInsights({ fetch: files.fetch });
  assertEquals(await f1.fetchJson(2026, EVENT, "Race", "session_laptimes.json"), { a: "None" });
});

test("TracingInsights.fetchJson() rejects with the caller's reason itself", async () => {
  const files = fakeFiles({ "drivers.json": never });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const controller = new AbortController();
  const reason = { mine: true };
  const drivers = f1.fetchJson(2026, EVENT, "Race", "drivers.json", { signal: controller.signal });
  const settled = drivers.then(() => "resolved", (error) => error);
  controller.abort(reason);
  assert(await settled === reason);
});

test("TracingInsights.fetchJson() infers its type from the path", () => {
  const types = (f1: TracingInsights): void => {
    const drivers = f1.fetchJson(2026, EVENT, "Race", "drivers.json");
    assertType<Equal<typeof drivers, Promise<DriversPayload>>>();
    const [driver, lap] = ["VER" as string, 8 as number];
    const laps = f1.fetchJson(2026, EVENT, "Race", `${driver}/laptimes.json`);
    assertType<Equal<typeof laps, Promise<LapTimes>>>();
    const telemetry = f1.fetchJson(2026, EVENT, "Race", `${driver}/${lap}_tel.json`);
    assertType<Equal<typeof telemetry, Promise<Telemetry>>>();
    const other = f1.fetchJson(2026, EVENT, "Race", driver);
    assertType<Equal<typeof other, Promise<unknown>>>();
  };
  assertEquals(typeof types, "function");
});

test("tracingInsights() keeps past seasons for ever and the running one for five minutes", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  await using f1 = tracingInsights({ fetch: files.fetch, clock });
  const fetchBoth = async (): Promise<void> => {
    await clock.run(f1.fetchJson(2025, "a", "b", "drivers.json"));
    await clock.run(f1.fetchJson(2026, "a", "b", "drivers.json"));
  };
  await fetchBoth();
  await fetchBoth();
  assertEquals(files.urls.length, 2);
  await clock.advance(5 * 60_000 + 1);
  await fetchBoth();
  assertEquals(files.urls.length, 3);
  assert(files.urls[2]!.includes("2026@main"));
});

test("tracingInsights() uses the caller's own cache plan instead of the season's", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  const clock = new ManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  await using f1 = tracingInsights({ fetch: files.fetch, clock, cache: planOf({ ttlMs: 1_000 }) });
  for (let nth = 1; nth <= 2; nth++) {
    await clock.run(f1.fetchJson(2025, "a", "b", "drivers.json"));
    await clock.advance(1_001);
    assertEquals(files.urls.length, nth);
  }
});

test("tracingInsights() works without a cache when told to", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  await f1.fetchJson(2020, "a", "b", "drivers.json");
  await f1.fetchJson(2020, "a", "b", "drivers.json");
  assertEquals(files.urls.length, 2);
});

test("tracingInsights() gives each caller a payload of its own", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const first = await f1.fetchJson(2020, "a", "b", "drivers.json");
  (first.drivers as unknown[]).length = 0;
  const second = await f1.fetchJson(2020, "a", "b", "drivers.json");
  assertEquals(second.drivers.length, 1);
  assertEquals(files.urls.length, 1);
});

test("tracingInsights() validates a lap's telemetry once, whoever loads it again and changes it", async () => {
  const { tel } = telemetryOf("VER-1");
  const lap = JSON.stringify({ tel: { ...tel, rel_distance: (tel["time"] as number[]).map(() => "None") } });
  const files = fakeFiles({
    "drivers.json": driversOf("VER"),
    "VER/laptimes.json": lapsOf(90, "None"),
    "VER/1_tel.json": () => new Response(lap),
    "VER/2_tel.json": () => new Response(lap),
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const race = f1.session(2020, "Monza", "Race");
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (text, reviver) => {
    parsed++;
    return parse(text, reviver);
  };
  try {
    for (let time = 0; time < 3; time++) {
      for await (const outcome of race.allTelemetry()) {
        assert(outcome.ok);
        assertEquals(new Set(outcome.telemetry.tel.rel_distance), new Set([null]));
        (outcome.telemetry.tel.rel_distance as unknown[]).length = 0;
      }
      assertEquals((await race.laps("VER")).time, [90, null]);
    }
  } finally {
    JSON.parse = parse;
  }
  assertEquals([parsed, files.urls.length], [4, 4]);
});

test("TracingInsights.session() accepts the usual names of events and sessions", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2024, "sao paulo", "Q");
  assertEquals([session.year, session.event, session.name], [2024, "São Paulo Grand Prix", "Qualifying"]);
  await session.drivers();
  assertEquals(files.urls, [
    "https://cdn.jsdelivr.net/gh/TracingInsights/2024@main/S%C3%A3o%20Paulo%20Grand%20Prix/Qualifying/drivers.json",
  ]);
  assertThrows(() => f1.session(2024, "monacco", "Q"), RangeError, "did you mean 'Monaco Grand Prix'?");
});

test("TracingInsights.events() and sessions() need no request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  assertEquals(f1.events(2025).at(-1)?.name, "Abu Dhabi Grand Prix");
  assertEquals(f1.sessions(2025, 24).at(-1), "Race");
  assertThrows(() => f1.events(2027), RangeError, "'year' must be a season of the calendar");
  assertEquals(files.urls, []);
});

test("tracingInsights() requests no file of a race twice, missing ones included, within the bounds of its cache", async () => {
  const sent: string[] = [];
  const body = JSON.stringify({ x: "y".repeat(133_000) });
  const clock = new ManualClock();
  await using f1 = tracingInsights({
    clock,
    baseUrls: ["https://a.test"],
    validate: false,
    fetch: (input) => {
      sent.push(String(input));
      const isMissing = String(input).endsWith("/7.json");
      return Promise.resolve(isMissing ? new Response(null, { status: 404 }) : new Response(body));
    },
  });
  const files = Array.from(
    { length: 1_128 },
    (_, n) => [2024, "Monaco Grand Prix", "Race", `VER/${n}.json`] as const,
  );
  const first = await f1.fetchMultiple(files);
  assertEquals([sent.length, first.filter((payload) => payload === null).length], [1_128, 1]);
  const second = await f1.fetchMultiple(files);
  assertEquals([sent.length, second.filter((payload) => payload === null).length], [1_128, 1]);
  await clock.advance(5 * 60_000);
  await f1.fetchMultiple(files.slice(0, 10));
  assertEquals(sent.slice(1_128).map((url) => url.split("/").at(-1)), ["7.json"]);
});

test("TracingInsights.events() and sessions() return new lists each time", async () => {
  await using f1 = tracingInsights();
  const events = f1.events(2025) as F1Event[];
  const sessions = f1.sessions(2025, 8) as string[];
  (events[1]!.sessions as string[]).pop();
  events.reverse();
  sessions.pop();
  assertEquals([f1.events(2025)[1]!.sessions.length, f1.events(2025)[8]!.name], [5, "Monaco Grand Prix"]);
  assertEquals(f1.sessions(2025, 8).length, 5);
});

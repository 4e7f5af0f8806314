import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { prefetchTargets } from "../../src/f1/prefetch.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { test } from "../support/test.ts";
import { driversOf, type FakeFile, fakeFiles, lapsOf, never, telemetryOf } from "./fake_files.ts";

const FILES: Record<string, FakeFile> = {
  "drivers.json": driversOf("VER", "NOR", "DNS"),
  "rcm.json": { time: [], cat: [], msg: [], status: [], flag: [], scope: [], sector: [], dNum: [] },
  "VER/laptimes.json": lapsOf(91, 92),
  "NOR/laptimes.json": lapsOf(93),
  "VER/1_tel.json": telemetryOf("VER-1"),
  "VER/2_tel.json": telemetryOf("VER-2"),
};

test("F1Session.prefetch() fills the cache with all files, and counts missing ones", async () => {
  const files = fakeFiles(FILES);
  await using f1 = tracingInsights({ fetch: files.fetch, cache: seasonCache(memoryCache()) });
  const session = f1.session(2025, "monaco", "race");
  // Missing: weather, corners, DNS's laps and NOR's telemetry.
  assertEquals(await session.prefetch(), { loaded: 6, missing: 4, failures: [] });
  const asked = files.urls.length;
  assertEquals([asked, new Set(files.urls).size], [10, 10]);
  await session.laps("VER");
  await session.telemetry("VER", 2);
  assertEquals(files.urls.length, asked);
});

test("F1Session.prefetch() can omit telemetry, and loads cached files again with refresh", async () => {
  const files = fakeFiles(FILES);
  await using f1 = tracingInsights({ fetch: files.fetch, cache: seasonCache(memoryCache()) });
  const session = f1.session(2025, "monaco", "race");
  const summary = { loaded: 4, missing: 3, failures: [] };
  assertEquals(await session.prefetch({ telemetry: false }), summary);
  assert(files.paths.every((path) => !path.includes("_tel")));
  assertEquals(await session.prefetch({ telemetry: false }), summary);
  assertEquals(files.paths.filter((path) => path === "drivers.json").length, 1);
  assertEquals(await session.prefetch({ telemetry: false, refresh: true }), summary);
  assertEquals(files.paths.filter((path) => path === "VER/laptimes.json").length, 2);
});

test("F1Session.prefetch() with refresh asks whether cached files have changed, and loads those that have", async () => {
  const tags = { "drivers.json": '"1"', "rcm.json": '"1"' };
  const received: [path: string, status: number][] = [];
  const files = fakeFiles(FILES);
  const serve: typeof fetch = async (input, init) => {
    const response = await files.fetch(input, init);
    const path = files.paths.at(-1)!;
    const etag = (tags as Record<string, string>)[path];
    const isSame = etag !== undefined && new Headers(init?.headers).get("if-none-match") === etag;
    received.push([path, isSame ? 304 : response.status]);
    const headers: HeadersInit = etag === undefined ? {} : { etag };
    return isSame
      ? new Response(null, { status: 304, headers })
      : new Response(response.body, { status: response.status, headers });
  };
  await using f1 = tracingInsights({ fetch: serve, cache: seasonCache(memoryCache()) });
  const session = f1.session(2025, "monaco", "race");
  const options = { telemetry: false, refresh: true };
  const summary = await session.prefetch(options);
  assertEquals(received.filter(([, status]) => status === 304), []);
  received.length = 0;
  tags["rcm.json"] = '"2"';
  assertEquals(await session.prefetch(options), summary);
  const statusOf = new Map(received);
  assertEquals([statusOf.size, received.length], [7, 7]);
  assertEquals(["drivers.json", "rcm.json", "VER/laptimes.json"].map((path) => statusOf.get(path)), [
    304,
    200,
    200,
  ]);
  received.length = 0;
  assertEquals([await session.prefetch({ telemetry: false }), received.length], [summary, 0]);
});

test("F1Session.prefetch() with refresh takes no old file for a new one while the network fails", async () => {
  const files = fakeFiles(FILES);
  let isDown = false;
  const serve: typeof fetch = (input, init) =>
    isDown ? Promise.reject(new TypeError("no route")) : files.fetch(input, init);
  await using f1 = tracingInsights({ fetch: serve, cache: seasonCache(memoryCache()), maxRetries: 0 });
  const session = f1.session(2025, "monaco", "race");
  await session.prefetch();
  isDown = true;
  const { loaded, missing, failures } = await session.prefetch({ refresh: true });
  assertEquals([loaded, missing, failures.length], [0, 0, 4]);
});

test("F1Session.prefetch() names the files that it could not load, and loads the rest", async () => {
  const files = fakeFiles({
    ...FILES,
    "drivers.json": driversOf("VER", "..", "NOR"),
    "NOR/laptimes.json": 400,
  });
  await using f1 = tracingInsights({ fetch: files.fetch, maxRetries: 0 });
  const { loaded, failures } = await f1.session(2025, "monaco", "race").prefetch();
  assertEquals(loaded, 5);
  assertEquals(failures.map(({ file, error }) => [file, error.name]).sort(), [
    ["2025/Monaco Grand Prix/Race/NOR/laptimes.json", "HttpError"],
    ["2025/Monaco Grand Prix/Race/drivers.json", "TypeError"],
  ]);
});

test("F1Session.prefetch() of a missing session names drivers.json", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  const { loaded, missing, failures } = await f1.session(2025, "monaco", "race").prefetch();
  assertEquals([loaded, missing, failures.map(({ error }) => error.name)], [0, 3, ["DataNotFoundError"]]);
});

test("F1Session.prefetch() rejects with the caller's reason itself, also while it waits for a list of laps", async () => {
  for (const held of ["drivers.json", "VER/laptimes.json", "VER/1_tel.json"]) {
    const controller = new AbortController();
    const reason = { mine: held };
    const files = fakeFiles({
      ...FILES,
      [held]: (signal) => {
        queueMicrotask(() => controller.abort(reason));
        return never(signal);
      },
    });
    await using f1 = tracingInsights({ fetch: files.fetch });
    const error = await f1.session(2025, "monaco", "race").prefetch({ signal: controller.signal })
      .then(() => "resolved", (error) => error);
    assertEquals(error, reason);
  }
});

test("TracingInsights.prefetch() counts future sessions of a season as missing, and of named events as failures", async () => {
  const files = fakeFiles(FILES);
  const held = "Australian%20Grand%20Prix";
  let status = 404;
  await using f1 = tracingInsights({
    fetch: (input, init) =>
      String(input).includes(held) ? files.fetch(input, init) : Promise.resolve(new Response("", { status })),
    maxRetries: 0,
    cache: false,
  });
  const options = { sessions: ["R"], telemetry: false };
  // The race that was held lacks three files, and the other 23 lack all four files of the session.
  assertEquals(await f1.prefetch(2025, options), { loaded: 4, missing: 3 + 23 * 4, failures: [] });
  const { missing, failures } = await f1.prefetch(2025, { ...options, events: [1, 2] });
  assertEquals([missing, failures.map(({ file, error }) => [file, error.name])], [3 + 3, [
    ["2025/Chinese Grand Prix/Race/drivers.json", "DataNotFoundError"],
  ]]);
  status = 400;
  assertEquals((await f1.prefetch(2025, options)).failures.length, 23 * 4);
});

test("TracingInsights.prefetch() loads the sessions of several events", async () => {
  const files = fakeFiles(FILES);
  await using f1 = tracingInsights({ fetch: files.fetch, cache: seasonCache(memoryCache()) });
  const events = ["monaco", 9];
  const summary = await f1.prefetch(2025, { events, sessions: ["R", "Q"], telemetry: false, concurrency: 4 });
  assertEquals(summary, { loaded: 16, missing: 12, failures: [] });
  const folders = new Set(
    files.urls.map((url) => decodeURIComponent(url.split("@main/")[1]!).split("/").slice(0, 2).join("/")),
  );
  assertEquals([...folders], [
    "Monaco Grand Prix/Race",
    "Monaco Grand Prix/Qualifying",
    "Spanish Grand Prix/Race",
    "Spanish Grand Prix/Qualifying",
  ]);
});

test("TracingInsights.prefetch() refuses unknown names, before any request", async () => {
  const files = fakeFiles(FILES);
  await using f1 = tracingInsights({ fetch: files.fetch });
  await assertRejects(() => f1.prefetch(2025, { events: ["monaco", "monacco"] }), RangeError, "did you mean");
  await assertRejects(
    () => f1.prefetch(2025, { events: [8], sessions: ["sprint"] }),
    RangeError,
    'no "sprint"',
  );
  await assertRejects(() => f1.prefetch(2027), RangeError, "2018 to 2026");
  assertEquals(files.urls, []);
});

test("prefetchTargets() are all sessions of a season by default", () => {
  const all = prefetchTargets(2025, {});
  assertEquals([all.length, all[0]?.event, all.at(-1)], [
    24 * 5 + 3,
    "Pre-Season Testing",
    { event: "Abu Dhabi Grand Prix", session: "Race" },
  ]);
  assertEquals(prefetchTargets(2027, { events: ["Monaco Grand Prix"], sessions: ["Q"] }), [
    { event: "Monaco Grand Prix", session: "Qualifying" },
  ]);
});

test("prefetchTargets() omit events without such a session, unless they were named", () => {
  const sprints = prefetchTargets(2025, { sessions: ["sprint"] });
  assertEquals([sprints.length, sprints[0]], [6, { event: "Chinese Grand Prix", session: "Sprint" }]);
  const races = prefetchTargets(2025, { sessions: ["R", "Race", 5] });
  assertEquals([races.length, new Set(races.map(({ session }) => session))], [24, new Set(["Race"])]);
  assertThrows(() => prefetchTargets(2025, { sessions: ["Race", "rcae"] }), RangeError, 'no "rcae"');
  assertThrows(() => prefetchTargets(2019, { sessions: ["sprint"] }), RangeError, 'no "sprint"');
  assertThrows(() => prefetchTargets(2025, { sessions: [null as never] }), TypeError, "'session' must be");
});

test("prefetchTargets() have each session once, by however many names it was given", () => {
  const targets = prefetchTargets(2025, {
    events: [8, "monaco", "Spa", "Monaco Grand Prix"],
    sessions: ["Q", 4, "R"],
  });
  assertEquals(targets.map(({ event, session }) => `${event} ${session}`), [
    "Monaco Grand Prix Qualifying",
    "Monaco Grand Prix Race",
    "Belgian Grand Prix Qualifying",
    "Belgian Grand Prix Race",
  ]);
});

test("prefetchTargets() refuse a value that is no list", () => {
  for (const [name, value] of [["events", "monaco"], ["sessions", "R"], ["events", 8]] as const) {
    assertThrows(
      () => prefetchTargets(2025, { [name]: value as never }),
      TypeError,
      `Cannot prefetch F1 data as '${name}' must be an array: received`,
    );
  }
});

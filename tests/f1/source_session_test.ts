import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataNotFoundError, HttpError, InvalidDataError } from "../../src/errors.ts";
import type { FastestLapTelemetry } from "../../src/f1/fastest_lap.ts";
import type { LapTimes } from "../../src/f1/lap_times.ts";
import type { F1Session } from "../../src/f1/session.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { assertType, type Equal } from "./equal.ts";
import { driversOf, type FakeFile, fakeFiles, HeldFile, lapsOf, never, telemetryOf } from "./fake_files.ts";

const EVENT = "Monaco Grand Prix";

test("TracingInsights.session() refuses bad names at once", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  assertThrows(() => f1.session(2017, EVENT, "Race"), RangeError, "'year'");
  assertThrows(() => f1.session(2026, "..", "Race"), TypeError, "'event'");
  assertThrows(() => f1.session(2026, EVENT, ""), TypeError, "'session'");
  const session = f1.session(2026, EVENT, "Race");
  assertEquals([session.year, session.event, session.name], [2026, EVENT, "Race"]);
  assertEquals(files.urls, []);
});

test("F1Session fetches each of its files", async () => {
  const weather = { wT: [60], wAT: [27], wH: [55], wP: [1016], wR: [false], wTT: [34], wWD: [67], wWS: [3] };
  const empty = { cat: [], msg: [], status: [], flag: [], scope: [], sector: [], dNum: [] };
  const corners = { CornerNumber: [1], X: [4], Y: [8], Angle: [-2], Distance: [697], Rotation: 92 };
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "NOR"),
    "VER/laptimes.json": lapsOf(91.2),
    "VER/8_tel.json": telemetryOf("VER-8"),
    "weather.json": weather,
    "rcm.json": { time: [], ...empty },
    "corners.json": corners,
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Race");
  assertEquals((await session.drivers()).map(({ driver }) => driver), ["VER", "NOR"]);
  assertEquals((await session.laps("VER")).time, [91.2]);
  assertEquals((await session.telemetry("VER", 8)).tel.dataKey, "VER-8");
  assertEquals<unknown>(await session.weather(), weather);
  assertEquals((await session.raceControl()).time, []);
  assertEquals<unknown>(await session.corners(), corners);
  assertEquals(files.paths, [
    "drivers.json",
    "VER/laptimes.json",
    "VER/8_tel.json",
    "weather.json",
    "rcm.json",
    "corners.json",
  ]);
});

test("F1Session rejects bad drivers and laps before any request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Race");
  await assertRejects(() => session.laps(""), TypeError, "'driver'");
  await assertRejects(() => session.laps("../VER"), TypeError, "'driver'");
  await assertRejects(() => session.laps(null as never), TypeError, "'driver'");
  await assertRejects(() => session.telemetry("..", 1), TypeError, "'driver'");
  await assertRejects(() => session.telemetry("VER", 0), RangeError, "'lap'");
  await assertRejects(() => session.telemetry("VER", 1.5), RangeError, "'lap'");
  await assertRejects(() => session.fastestLapTelemetry({ by: "team" as never }), TypeError, "'by'");
  assertEquals(files.urls, []);
});

test("F1Session rejects with the errors of the client", async () => {
  const files = fakeFiles({ "weather.json": {}, "rcm.json": 403, "corners.json": never });
  await using f1 = tracingInsights({ fetch: files.fetch, maxRetries: 0 });
  const session = f1.session(2026, EVENT, "Race");
  await assertRejects(() => session.drivers(), DataNotFoundError);
  await assertRejects(() => session.weather(), InvalidDataError);
  await assertRejects(() => session.raceControl(), HttpError);
  const controller = new AbortController();
  const reason = { mine: true };
  const settled = session.corners({ signal: controller.signal }).then(() => "resolved", (error) => error);
  controller.abort(reason);
  assert(await settled === reason);
});

test("F1Session.laps() returns the laps of all drivers, in their order, without drivers that have no file", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "DNS", "NOR"),
    "VER/laptimes.json": lapsOf(91),
    "NOR/laptimes.json": lapsOf(92, 93),
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const laps = await f1.session(2026, EVENT, "Race").laps();
  assertEquals(Object.entries(laps).map(([driver, { time }]) => [driver, time]), [
    ["VER", [91]],
    ["NOR", [92, 93]],
  ]);
});

test("F1Session.laps() returns the drivers in their order, whichever laps come first", async () => {
  const first = new HeldFile();
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "NOR"),
    "VER/laptimes.json": first.file,
    "NOR/laptimes.json": () => {
      first.release(lapsOf(91));
      return Response.json(lapsOf(92));
    },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  assertEquals(Object.keys(await f1.session(2026, EVENT, "Race").laps()), ["VER", "NOR"]);
});

test("F1Session.laps() rejects with the caller's reason while the laps are loading, and aborts them", async () => {
  let aborted = false;
  const laps = new HeldFile();
  const files = fakeFiles({
    "drivers.json": driversOf("VER"),
    "VER/laptimes.json": (signal) => {
      signal?.addEventListener("abort", () => aborted = true);
      return laps.file();
    },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const controller = new AbortController();
  const settled = f1.session(2026, EVENT, "Race").laps({ signal: controller.signal })
    .then(() => "resolved", (error) => error);
  await laps.asked;
  controller.abort("mine");
  laps.release(lapsOf(91));
  assertEquals([await settled, aborted], ["mine", true]);
});

test("F1Session.laps() rejects with the first failure, and aborts the rest", async () => {
  let aborted = false;
  const stuck = new HeldFile();
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "NOR"),
    "VER/laptimes.json": async () => {
      await stuck.asked;
      return new Response("sorry", { status: 403 });
    },
    "NOR/laptimes.json": (signal) => {
      signal?.addEventListener("abort", () => aborted = true);
      stuck.file();
      return never(signal);
    },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  await assertRejects(() => f1.session(2026, EVENT, "Race").laps(), HttpError);
  assert(aborted);
});

test("F1Session.laps() rejects with the caller's reason itself", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER"), "VER/laptimes.json": never });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const controller = new AbortController();
  const reason = { mine: true };
  const settled = f1.session(2026, EVENT, "Race").laps({ signal: controller.signal })
    .then(() => "resolved", (error) => error);
  controller.abort(reason);
  assert(await settled === reason);
});

const QUALIFYING = {
  "drivers.json": driversOf("VER", "NOR", "PIA", "DNS", "OUT"),
  "VER/laptimes.json": lapsOf("None", 92, 91.5),
  "NOR/laptimes.json": { ...lapsOf(93, 91, 90), del: [false, false, true] },
  "PIA/laptimes.json": lapsOf(94),
  "OUT/laptimes.json": lapsOf("None"),
  "VER/3_tel.json": telemetryOf("VER-3"),
  "NOR/2_tel.json": telemetryOf("NOR-2"),
};

test("F1Session.fastestLapTelemetry() returns the fastest valid lap of the session", async () => {
  const files = fakeFiles(QUALIFYING);
  await using f1 = tracingInsights({ fetch: files.fetch });
  const fastest = await f1.session(2026, EVENT, "Qualifying").fastestLapTelemetry();
  assertEquals([fastest?.driver, fastest?.lap, fastest?.time], ["NOR", 2, 91]);
  assertEquals(fastest?.telemetry.tel.dataKey, "NOR-2");
});

test("F1Session.fastestLapTelemetry() by driver is fastest first, without drivers that have no time or no telemetry", async () => {
  const files = fakeFiles(QUALIFYING);
  await using f1 = tracingInsights({ fetch: files.fetch });
  const fastest = await f1.session(2026, EVENT, "Qualifying").fastestLapTelemetry({
    by: "driver",
    concurrency: 2,
  });
  assertEquals(
    fastest.map(({ driver, lap, time, telemetry }) => [driver, lap, time, telemetry.tel.dataKey]),
    [
      ["NOR", 2, 91, "NOR-2"],
      ["VER", 3, 91.5, "VER-3"],
    ],
  );
  assert(files.paths.includes("PIA/1_tel.json"));
});

test("F1Session.fastestLapTelemetry() is null when no lap has a time", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER", "DNS"), "VER/laptimes.json": lapsOf("None") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Qualifying");
  assertEquals(await session.fastestLapTelemetry(), null);
  assertEquals(await session.fastestLapTelemetry({ by: "driver" }), []);
});

test("F1Session.fastestLapTelemetry() goes on to the next driver when the telemetry is missing", async () => {
  const { "NOR/2_tel.json": _missing, ...rest } = QUALIFYING;
  const files = fakeFiles(rest);
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Qualifying");
  const fastest = await session.fastestLapTelemetry();
  assertEquals([fastest?.driver, fastest?.lap, fastest?.telemetry.tel.dataKey], ["VER", 3, "VER-3"]);
  assertEquals(await session.fastestLap(), { driver: "NOR", lap: 2, time: 91 });
});

test("F1Session.fastestLapTelemetry() is null without any telemetry, and rejects for any other failure", async () => {
  for (const [status, expected] of [[404, null], [403, HttpError]] as const) {
    const files = fakeFiles({
      "drivers.json": driversOf("VER"),
      "VER/laptimes.json": lapsOf(91),
      "VER/1_tel.json": status,
    });
    await using f1 = tracingInsights({ fetch: files.fetch });
    const telemetry = () => f1.session(2026, EVENT, "Qualifying").fastestLapTelemetry();
    if (expected === null) assertEquals(await telemetry(), null);
    else await assertRejects(telemetry, expected);
  }
});

test("F1Session.fastestLap() returns the fastest lap of the session or of each driver, without telemetry", async () => {
  const files = fakeFiles(QUALIFYING);
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Qualifying");
  assertEquals(await session.fastestLap(), { driver: "NOR", lap: 2, time: 91 });
  assertEquals((await session.fastestLap({ by: "driver" })).map(({ driver }) => driver), [
    "NOR",
    "VER",
    "PIA",
  ]);
  assert(files.paths.every((path) => !path.includes("_tel")));
  await assertRejects(() => session.fastestLap({ by: "team" as never }), TypeError, "'by'");
});

test("F1Session.driver() finds a driver, and suggests one", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER", "NOR") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Race");
  assertEquals((await session.driver("nor")).driver, "NOR");
  await assertRejects(() => session.driver("VET"), RangeError, "did you mean 'VER'?");
});

test("F1Session.lapRows() and lap() return laps with readable names", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "DNS", "NOR"),
    "VER/laptimes.json": lapsOf("None", 91),
    "NOR/laptimes.json": { time: ["92.5"], lap: [1], compound: ["nan"] },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2018, EVENT, "Race");
  const summary = (await session.lapRows()).map(({ Driver, LapNumber, LapTime, TyreLife }) => [
    Driver,
    LapNumber,
    LapTime,
    TyreLife,
  ]);
  assertEquals(summary, [["VER", 1, null, 1], ["VER", 2, 91, 2], ["NOR", 1, 92.5, undefined]]);
  assertEquals(await session.lapRows("NOR"), [{
    Driver: "NOR",
    LapNumber: 1,
    LapTime: 92.5,
    Compound: null,
  }]);
  assertEquals((await session.lap("VER", 2)).LapTime, 91);
  await assertRejects(() => session.lap("VER", 3), RangeError, "VER drove no lap 3: there are 2");
  await assertRejects(() => session.lap("VER", 0), RangeError, "'lap' must be a positive integer");
  await assertRejects(() => session.lapRows(null as never), TypeError, "'driver'");
});

test("F1Session.results(), trackStatus() and totalLaps() are computed from the laps", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "DNS", "NOR", "OUT"),
    "OUT/laptimes.json": { ...lapsOf(91, 91, "None"), pos: [3, 3, "None"] },
    "VER/laptimes.json": { ...lapsOf(91, 92), pos: [1, 2], status: ["1", "12"] },
    "NOR/laptimes.json": { ...lapsOf(91, 93), pos: [2, 1], status: ["1", "4"] },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const race = f1.session(2026, EVENT, "Race");
  const order = (await race.results()).map(({ position, driver }) => [position, driver.driver]);
  assertEquals(order, [[1, "NOR"], [2, "VER"], [3, "OUT"], [null, "DNS"]]);
  const qualifying = await f1.session(2026, EVENT, "Qualifying").results();
  assertEquals(qualifying.map(({ driver }) => driver.driver), ["VER", "NOR", "OUT", "DNS"]);
  const statuses = (await race.trackStatus()).map(({ lap, status }) => [lap, status]);
  assertEquals(statuses, [[1, "1"], [2, "124"], [3, "1"]]);
  assertEquals(await race.totalLaps(), 2);
});

test("F1Session.fastestLapTelemetry() also works on unchecked payloads", async () => {
  const files = fakeFiles(QUALIFYING);
  await using f1 = tracingInsights({ fetch: files.fetch, validate: false });
  const fastest = await f1.session(2026, EVENT, "Qualifying").fastestLapTelemetry();
  assertEquals([fastest?.driver, fastest?.lap], ["NOR", 2]);
});

/** Contents that an unchecked file may have. */
const ODD: readonly unknown[] = [null, [], [1], "text", 7, true, {}, { drivers: 1, lap: null, time: 2 }];

test("F1Session names the unchecked file that it can't use", async () => {
  for (const payload of ODD) {
    for (const path of ["drivers.json", "VER/laptimes.json"]) {
      const files = fakeFiles({
        "drivers.json": driversOf("VER"),
        "VER/laptimes.json": lapsOf(91.2),
        [path]: () => Response.json(payload),
      });
      await using f1 = tracingInsights({ fetch: files.fetch, validate: false, cache: false });
      const session = f1.session(2026, EVENT, "Race");
      const ways: readonly (() => Promise<unknown>)[] = [
        () => session.results(),
        () => session.trackStatus(),
        () => session.totalLaps(),
        () => session.lapRows(),
        () => session.fastestLap(),
        () => session.fastestLapTelemetry({ by: "driver" }),
        ...(path === "drivers.json"
          ? [() => session.drivers(), () => session.driver("Verstappen"), () => session.laps()]
          : [() => session.lapRows("VER"), () => session.lap("VER", 1)]),
      ];
      for (const way of ways) await assertRejects(way, InvalidDataError, path);
      const { failures } = await session.prefetch({ telemetry: path !== "drivers.json" });
      assertEquals(failures.map(({ file, error }) => [file.endsWith(path), error.name]), [[
        true,
        "InvalidDataError",
      ]]);
      if (path === "drivers.json") continue;
      assertEquals<unknown>(await session.laps("VER"), payload);
      assertEquals<unknown>(await session.laps(), { VER: payload });
      for await (const outcome of session.allTelemetry()) {
        assertEquals([outcome.ok, outcome.lap, !outcome.ok && outcome.error.name], [
          false,
          null,
          "InvalidDataError",
        ]);
      }
    }
  }
});

test("F1Session omits malformed columns of unchecked laps", async () => {
  for (const payload of ODD) {
    const laps = { ...lapsOf(92, 91), status: payload, qs: payload, pos: payload, del: payload };
    const files = fakeFiles({ "drivers.json": driversOf("VER"), "VER/laptimes.json": laps });
    await using f1 = tracingInsights({ fetch: files.fetch, validate: false, cache: false });
    for (const name of ["Race", "Qualifying"]) {
      const session = f1.session(2026, EVENT, name);
      assertEquals((await session.trackStatus()).length <= 1, true);
      assertEquals((await session.results()).map(({ laps }) => laps), [2]);
      assertEquals(await session.fastestLap(), { driver: "VER", lap: 2, time: 91 });
      assertEquals((await session.lapRows("VER")).map(({ LapTime }) => LapTime), [92, 91]);
    }
  }
});

test("F1Session counts a driver once that is listed twice", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "NOR", "VER"),
    "VER/laptimes.json": lapsOf(91.2),
    "VER/1_tel.json": telemetryOf("VER-1"),
    "NOR/laptimes.json": lapsOf(92),
  });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const session = f1.session(2026, EVENT, "Race");
  assertEquals((await session.drivers()).map(({ driver }) => driver), ["VER", "NOR"]);
  assertEquals((await session.results()).map(({ driver }) => driver.driver), ["VER", "NOR"]);
  const laps: string[] = [];
  for await (const { driver, lap } of session.allTelemetry({ ordered: true })) laps.push(`${driver} ${lap}`);
  assertEquals(laps, ["VER 1", "NOR 1"]);
  assertEquals(await session.prefetch(), { loaded: 4, missing: 4, failures: [] });
});

test("F1Session has types for each form of its methods", () => {
  const types = (session: F1Session): void => {
    const one = session.laps("VER");
    assertType<Equal<typeof one, Promise<LapTimes>>>();
    const all = session.laps({ concurrency: 4 });
    assertType<Equal<typeof all, Promise<Readonly<Record<string, LapTimes>>>>>();
    const fastest = session.fastestLapTelemetry();
    assertType<Equal<typeof fastest, Promise<FastestLapTelemetry | null>>>();
    const each = session.fastestLapTelemetry({ by: "driver" });
    assertType<Equal<typeof each, Promise<readonly FastestLapTelemetry[]>>>();
  };
  assertEquals(typeof types, "function");
});

test("F1Session accepts a driver by code, number or name, and looks up only names that are no code", async () => {
  const files = fakeFiles({
    "drivers.json": {
      drivers: [{ driver: "VER", team: "T", dn: "1", fn: "Max", ln: "Verstappen" }, {
        driver: "NOR",
        team: "T",
      }],
    },
    "VER/laptimes.json": lapsOf(91),
    "VER/1_tel.json": telemetryOf("VER-1"),
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2018, EVENT, "Race");
  assertEquals((await session.laps("ver")).time, [91]);
  assertEquals(files.paths, ["VER/laptimes.json"]);
  for (const name of [1, "1", "verstappen", "Max Verstappen", "ver"]) {
    assertEquals((await session.laps(name)).time, [91], String(name));
    assertEquals((await session.lap(name, 1)).Driver, "VER");
    assertEquals((await session.lapRows(name)).length, 1);
    assertEquals((await session.telemetry(name, 1)).tel.dataKey, "VER-1");
  }
  const drivers: string[] = [];
  for await (const { driver } of session.allTelemetry({ drivers: ["ver", 1, "VER"] })) drivers.push(driver);
  assertEquals(drivers, ["VER"]);
  await assertRejects(() => session.laps("Verstapen"), RangeError, "did you mean 'VER'?");
  await assertRejects(() => session.telemetry(99, 1), RangeError, `no "99"`);
});

test("F1Session returns the laps and fastest laps of some drivers only, and requests no other files", async () => {
  const files = fakeFiles({
    "drivers.json": {
      drivers: [{ driver: "VER", team: "A", ln: "Verstappen" }, { driver: "NOR", team: "B" }],
    },
    "VER/laptimes.json": lapsOf(91, 92),
    "NOR/laptimes.json": lapsOf(93),
    "HAM/laptimes.json": lapsOf(90),
    "VER/1_tel.json": telemetryOf("VER-1"),
    "NOR/1_tel.json": telemetryOf("NOR-1"),
  });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const session = f1.session(2026, EVENT, "Race");
  assertEquals(Object.keys(await session.laps({ drivers: ["nor", "VER", "NOR"] })), ["NOR", "VER"]);
  assertEquals((await session.lapRows({ drivers: ["NOR"] })).map(({ Driver }) => Driver), ["NOR"]);
  const two = { drivers: ["NOR", "VER"], concurrency: 1 };
  assertEquals(await session.fastestLap(two), { driver: "VER", lap: 1, time: 91 });
  assertEquals((await session.fastestLap({ ...two, by: "driver" })).map(({ time }) => time), [91, 93]);
  assertEquals((await session.fastestLapTelemetry(two))?.telemetry.tel.dataKey, "VER-1");
  const telemetry = await session.fastestLapTelemetry({ ...two, by: "driver" });
  assertEquals(telemetry.map(({ telemetry }) => telemetry.tel.dataKey), ["VER-1", "NOR-1"]);
  assertEquals(await session.laps({ drivers: [] }), {});
  assertEquals(
    new Set(files.paths),
    new Set(["NOR/laptimes.json", "VER/laptimes.json", "VER/1_tel.json", "NOR/1_tel.json"]),
  );
  assertEquals(Object.keys(await session.laps({ drivers: ["verstappen"] })), ["VER"]);
  assertEquals(files.paths.slice(-2), ["drivers.json", "VER/laptimes.json"]);
  await assertRejects(() => session.laps({ drivers: ["verstapen"] }), RangeError, "did you mean 'VER'?");
});

test("F1Session refuses a driver who did not take part, and leaves out one without laps", async () => {
  const files = fakeFiles({
    "drivers.json": { drivers: [{ driver: "VER", team: "A" }, { driver: "NOR", team: "B" }] },
    "VER/laptimes.json": lapsOf(91),
  });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const session = f1.session(2026, EVENT, "Race");
  assertEquals(Object.keys(await session.laps({ drivers: ["NOR", "VER"] })), ["VER"]);
  assertEquals(await session.fastestLap({ drivers: ["nor"] }), null);
  const misspelt = { drivers: ["VER", "VET"], readCache: false };
  const calls = [
    () => session.laps(misspelt),
    () => session.lapRows(misspelt),
    () => session.fastestLap(misspelt),
    () => session.fastestLap({ ...misspelt, by: "driver" }),
    () => session.fastestLapTelemetry(misspelt),
  ];
  for (const call of calls) {
    await assertRejects(call, RangeError, "no \"VET\" in this session; did you mean 'VER'?");
  }
  await assertRejects(() => session.laps({ drivers: ["XXX"] }), RangeError, "there are 'VER', 'NOR'");
});

test("F1Session says of a missing file that its driver did not take part, if the list of drivers tells", async () => {
  const drivers = { drivers: [{ driver: "VER", team: "A" }] };
  const files: Record<string, FakeFile> = { "drivers.json": drivers, "VER/laptimes.json": lapsOf(91) };
  await using f1 = tracingInsights({ fetch: fakeFiles(files).fetch, cache: false, maxRetries: 0 });
  const session = f1.session(2026, EVENT, "Race");
  const hint = ": Cannot find driver as there is no \"VET\" in this session; did you mean 'VER'?";
  const calls = [
    () => session.laps("VET"),
    () => session.lapRows("vet"),
    () => session.lap("VET", 1),
    () => session.telemetry("VET", 1),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, DataNotFoundError, hint);
    assertEquals([error.status, (error.cause as Error).name], [404, "DataNotFoundError"]);
  }
  const missing = await assertRejects(() => session.telemetry("VER", 1), DataNotFoundError);
  assertEquals(missing.message.includes("Cannot find"), false);
  files["drivers.json"] = 500;
  const unknown = await assertRejects(() => session.laps("VET"), DataNotFoundError);
  assertEquals(unknown.message.includes("Cannot find"), false);
});

test("F1Session ends with the caller's reason while it looks for the driver of a missing file", async () => {
  const files = fakeFiles({ "drivers.json": never });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const controller = new AbortController();
  const laps = f1.session(2026, EVENT, "Race").laps("VET", { signal: controller.signal });
  laps.catch(() => {});
  await until(() => files.paths.at(-1) === "drivers.json");
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await laps.catch((error) => error), reason);
});

test("F1Session refuses bad options, and drivers that are no list, before any request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Race");
  for (const options of [null, 5, "VER", ["VER"], true] as unknown as undefined[]) {
    const ways: readonly (() => unknown)[] = [
      () => session.drivers(options),
      () => session.results(options),
      () => session.weather(options),
      () => session.telemetry("VER", 1, options),
      () => session.laps("VER", options),
      () => session.fastestLap(options),
      () => session.fastestLapTelemetry(options),
      () => session.prefetch(options),
      () => f1.prefetch(2025, options),
      () => f1.fetchMultiple([], options),
      async () => await session.allTelemetry(options).next(),
    ];
    for (const way of ways) {
      await assertRejects(async () => await way(), TypeError, "the options must be an object");
    }
  }
  for (const drivers of ["VER", 1, {}, null, [null], [{}], [""], ["a/b"]] as unknown as string[][]) {
    await assertRejects(() => session.laps({ drivers }), TypeError, "'driver");
    await assertRejects(() => session.fastestLap({ drivers }), TypeError, "'driver");
    assertThrows(() => session.allTelemetry({ drivers }), TypeError, "'driver");
  }
  for (const name of ["telemetry", "refresh"]) {
    for (const value of ["no", 0, null]) {
      const message = `'${name}' must be true or false`;
      await assertRejects(() => session.prefetch({ [name]: value }), TypeError, message);
      await assertRejects(() => f1.prefetch(2025, { [name]: value }), TypeError, message);
    }
  }
  assertEquals(files.urls, []);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ClientEvent, WarningEvent } from "../../src/policies/event.ts";
import type { DriversPayload } from "../../src/f1/drivers.ts";
import type { F1Request } from "../../src/f1/fetch_multiple.ts";
import type { LapTimes } from "../../src/f1/lap_times.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import type { TracingInsights } from "../../src/f1/tracing_insights.ts";
import type { Weather } from "../../src/f1/weather.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { skip, test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";
import { noSharedFiles, readSharedFile, sharedFiles } from "./shared_data.ts";
import { driversOf, fakeFiles, HeldFile, lapsOf, never } from "./fake_files.ts";

const EVENT = "Monaco Grand Prix";

function warningsOf(f1: TracingInsights): WarningEvent[] {
  const warnings: WarningEvent[] = [];
  f1.client.on((event: ClientEvent) => {
    if (event.type === "warning") warnings.push(event);
  });
  return warnings;
}

test("fetchMultiple() returns payloads in input order, whatever their order of arrival", async () => {
  const slow = new HeldFile();
  const files = fakeFiles({ "drivers.json": slow.file, "VER/laptimes.json": lapsOf(91) });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const both = f1.fetchMultiple([
    [2026, EVENT, "Race", "drivers.json"],
    [2026, EVENT, "Race", "VER/laptimes.json"],
  ]);
  await slow.asked;
  slow.release(driversOf("VER"));
  const [drivers, laps] = await both;
  assertEquals(drivers?.drivers[0]?.driver, "VER");
  assertEquals(laps?.time, [91]);
});

test("fetchMultiple() returns null for a missing file, without a warning", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER"), "weather.json": 410 });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const warnings = warningsOf(f1);
  const payloads = await f1.fetchMultiple([
    [2026, EVENT, "Race", "XXX/laptimes.json"],
    [2026, EVENT, "Race", "drivers.json"],
    [2026, EVENT, "Race", "weather.json"],
  ]);
  assertEquals(payloads.map((payload) => payload !== null), [false, true, false]);
  assertEquals(warnings, []);
});

test("fetchMultiple() returns null with one warning for any other failure", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER"),
    "weather.json": 500,
    "rcm.json": { time: [] },
  });
  await using f1 = tracingInsights({ fetch: files.fetch, maxRetries: 0, circuitBreaker: false });
  const warnings = warningsOf(f1);
  const payloads = await f1.fetchMultiple([
    [2026, EVENT, "Race", "weather.json"],
    [2026, EVENT, "Race", "drivers.json"],
    [2026, EVENT, "Race", "rcm.json"],
  ]);
  assertEquals(payloads.map((payload) => payload !== null), [false, true, false]);
  warnings.sort((a, b) => b.message.localeCompare(a.message));
  assertEquals(warnings.map(({ source, error }) => [source, (error as Error).name]), [
    ["f1", "HttpError"],
    ["f1", "InvalidDataError"],
  ]);
  assert(warnings[0]!.message.includes("2026@main/Monaco%20Grand%20Prix/Race/weather.json"));
  assert(warnings[1]!.message.includes("2026@main/Monaco%20Grand%20Prix/Race/rcm.json"));
});

test("fetchMultiple() returns null with a warning for a malformed request, and keeps the places of the others", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const warnings = warningsOf(f1);
  const bad = (request: unknown): F1Request<"drivers.json"> => request as F1Request<"drivers.json">;
  const payloads = await f1.fetchMultiple([
    bad([2026, EVENT, "Race", "../drivers.json"]),
    [2026, EVENT, "Race", "drivers.json"],
    bad([1999, EVENT, "Race", "drivers.json"]),
    bad(undefined),
    bad([]),
    [2025, EVENT, "Race", "drivers.json"],
  ]);
  assertEquals(payloads.map((payload) => payload !== null), [false, true, false, false, false, true]);
  assertEquals(warnings.map(({ source, error }) => [source, (error as Error).name]), [
    ["f1", "TypeError"],
    ["f1", "RangeError"],
    ["f1", "TypeError"],
    ["f1", "TypeError"],
  ]);
  assertEquals(files.urls.length, 2);
});

test("fetchMultiple() rejects with the caller's reason itself, and warns of nothing", async () => {
  const files = fakeFiles({ "drivers.json": never, "weather.json": never });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const warnings = warningsOf(f1);
  const controller = new AbortController();
  const reason = { mine: true };
  const all = f1.fetchMultiple(
    [[2026, EVENT, "Race", "drivers.json"], [2026, EVENT, "Race", "weather.json"]],
    { signal: controller.signal },
  );
  const settled = all.then(() => "resolved", (error) => error);
  controller.abort(reason);
  assert(await settled === reason);
  assertEquals(warnings, []);
});

test("fetchMultiple() makes no request if the signal has already aborted", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const reason = new Error("before");
  const error = await assertRejects(() =>
    f1.fetchMultiple([[2026, EVENT, "Race", "drivers.json"]], { signal: AbortSignal.abort(reason) })
  );
  assert(error === reason);
  assertEquals(files.urls, []);
});

test("fetchMultiple() rejects with the reason of the source's own signal", async () => {
  const files = fakeFiles({ "drivers.json": never });
  const controller = new AbortController();
  await using f1 = tracingInsights({ fetch: files.fetch, signal: controller.signal });
  const reason = { mine: true };
  const settled = f1.fetchMultiple([[2026, EVENT, "Race", "drivers.json"]]).then(
    () => "resolved",
    (error) => error,
  );
  controller.abort(reason);
  assert(await settled === reason);
});

test("fetchMultiple() pulls its requests as permits become free", async () => {
  const held = new HeldFile();
  const files = fakeFiles({ "drivers.json": held.file });
  await using f1 = tracingInsights({ fetch: files.fetch, concurrency: 2, cache: false });
  let pulled = 0;
  async function* requests(): AsyncGenerator<F1Request<"drivers.json">> {
    for (let year = 2018; year <= 2100; year++) {
      pulled++;
      yield [year, EVENT, "Race", "drivers.json"];
      await Promise.resolve();
    }
  }
  const all = f1.fetchMultiple(requests(), { concurrency: 2 });
  await held.asked;
  assert(pulled <= 4, `${pulled} requests were pulled`);
  held.release(driversOf("VER"));
  const payloads = await all;
  assertEquals(payloads.length, 83);
  assertEquals(pulled, 83);
});

test("fetchMultiple() returns an empty array for no requests", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  assertEquals(await f1.fetchMultiple([]), []);
  assertEquals(await f1.fetchMultiple(new Set<F1Request>()), []);
});

test("fetchMultiple() rejects with the error of requests that can't be iterated", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  function* broken(): Generator<F1Request> {
    yield [2026, EVENT, "Race", "drivers.json"];
    throw new Error("no more");
  }
  await assertRejects(() => f1.fetchMultiple(broken()), Error, "no more");
});

test("fetchMultiple() refuses a value that is no list of requests, before anything is sent", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const one = [2026, EVENT, "Race", "drivers.json"];
  for (
    const requests of [undefined, null, 5, {}, "drivers.json", Promise.resolve([one]), one, one.slice(1)]
  ) {
    await assertRejects(
      () => f1.fetchMultiple(requests as never),
      TypeError,
      "'requests' must be an iterable",
    );
  }
  for (const options of [null, 5, "x", [], () => {}]) {
    await assertRejects(
      () => f1.fetchMultiple([], options as never),
      TypeError,
      "the options must be an object",
    );
  }
  assertEquals(await f1.fetchMultiple([[2026, EVENT, "Race", "drivers.json"], 5] as never), [
    driversOf("VER"),
    null,
  ]);
});

test("fetchMultiple() infers its types from the paths", () => {
  const types = async (f1: TracingInsights, driver: string): Promise<void> => {
    const tuple = await f1.fetchMultiple([
      [2026, EVENT, "Race", "drivers.json"],
      [2026, EVENT, "Race", `${driver}/laptimes.json`],
      [2026, EVENT, "Race", driver],
    ]);
    assertType<Equal<typeof tuple, [DriversPayload | null, LapTimes | null, unknown]>>();
    const same = await f1.fetchMultiple(
      [2024, 2025].map((year) => [year, EVENT, "Race", "weather.json"] as const),
    );
    assertType<Equal<typeof same, (Weather | null)[]>>();
    const lazy = await f1.fetchMultiple(new Set<F1Request<"drivers.json" | "weather.json">>());
    assertType<Equal<typeof lazy, (DriversPayload | Weather | null)[]>>();
    const unknown = await f1.fetchMultiple(new Set<F1Request>());
    assertType<Equal<typeof unknown, unknown[]>>();
  };
  assertEquals(typeof types, "function");
});

const overLoopback =
  "fetchMultiple() brings every real payload over loopback, past a mirror that cuts every body";
if (sharedFiles.length === 0) skip(overLoopback, noSharedFiles);
else {
  test(overLoopback, async () => {
    const texts = new Map<string, string>();
    for (const file of sharedFiles) {
      const { year, event, session, path } = file;
      texts.set(encodeURI(`/f1/${year}@main/${event}/${session}/${path}`), await readSharedFile(file));
    }
    await using cdn = createSimulatedCdn({
      resources: texts,
      mirrors: ["broken", "sound"],
      faults: [{ mirror: "broken", kind: "cut", afterBytes: 100 }],
    });
    await using server = await cdn.listen();
    await using f1 = tracingInsights({ baseUrls: server.urls.map((url) => `${url}/f1`), maxRetries: 0 });
    const warnings = warningsOf(f1);
    const payloads = await f1.fetchMultiple(
      sharedFiles.map(({ year, event, session, path }) => [year, event, session, path] as const),
    );
    assertEquals(warnings.map(({ message }) => message), []);
    // The known columns are all columns of real payloads, so that no "None" is left.
    const expected = [...texts.values()].map((text) => JSON.parse(text.replaceAll('"None"', "null")));
    for (const [index, payload] of payloads.entries()) {
      assertEquals(JSON.stringify(payload), JSON.stringify(expected[index]), sharedFiles[index]!.path);
    }
    assertEquals(cdn.logOf("sound").outcomes.complete, sharedFiles.length);
  });
}

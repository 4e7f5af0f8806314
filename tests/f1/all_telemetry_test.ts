import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataNotFoundError, HttpError, InvalidDataError } from "../../src/errors.ts";
import type { TelemetryOutcome } from "../../src/f1/all_telemetry.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";
import { driversOf, type FakeFile, fakeFiles, HeldFile, lapsOf, never, telemetryOf } from "./fake_files.ts";

const EVENT = "Monaco Grand Prix";

/** Creates a session in which every driver has this many laps, each with telemetry. */
function sessionOf(drivers: readonly string[], laps: number): Record<string, FakeFile> {
  const times = Array.from({ length: laps }, (_, index) => 90 + index);
  return Object.fromEntries([
    ["drivers.json", driversOf(...drivers)],
    ...drivers.map((driver) => [`${driver}/laptimes.json`, lapsOf(...times)]),
    ...drivers.flatMap((driver) =>
      times.map((_, index) => [`${driver}/${index + 1}_tel.json`, telemetryOf(`${driver}-${index + 1}`)])
    ),
  ]);
}

async function collect(outcomes: AsyncIterable<TelemetryOutcome>): Promise<TelemetryOutcome[]> {
  const collected: TelemetryOutcome[] = [];
  for await (const outcome of outcomes) collected.push(outcome);
  return collected;
}

function namesOf(outcomes: readonly TelemetryOutcome[]): string[] {
  return outcomes.map((outcome) => `${outcome.driver}-${outcome.lap}`);
}

/** Lets all work run that needs no one's help. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
}

test("allTelemetry() streams every lap of every driver once, with its telemetry", async () => {
  const files = fakeFiles(sessionOf(["VER", "NOR", "PIA"], 4));
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry());
  assertEquals(namesOf(outcomes).sort(), [
    "NOR-1",
    "NOR-2",
    "NOR-3",
    "NOR-4",
    "PIA-1",
    "PIA-2",
    "PIA-3",
    "PIA-4",
    "VER-1",
    "VER-2",
    "VER-3",
    "VER-4",
  ]);
  for (const outcome of outcomes) {
    assert(outcome.ok);
    assertEquals(outcome.telemetry.tel.dataKey, `${outcome.driver}-${outcome.lap}`);
    assertEquals([outcome.from, outcome.attempts], ["network", 1]);
  }
});

test("allTelemetry() yields by driver and lap when ordered", async () => {
  const files = fakeFiles(sessionOf(["VER", "NOR"], 2));
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry({ ordered: true }));
  assertEquals(namesOf(outcomes), ["VER-1", "VER-2", "NOR-1", "NOR-2"]);
});

test("allTelemetry() yields failures in their places when ordered", async () => {
  const files = fakeFiles({
    ...sessionOf(["VER", "DNS", "NOR"], 2),
    "drivers.json": driversOf("VER", "DNS", "../x", "NOR", "DNF"),
    "NOR/laptimes.json": { ...lapsOf(90, 91, 92), lap: [1, 0, 2] },
    "DNS/laptimes.json": 404,
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry({ ordered: true }));
  assertEquals(namesOf(outcomes), [
    "VER-1",
    "VER-2",
    "DNS-null",
    "../x-null",
    "NOR-1",
    "NOR-0",
    "NOR-2",
    "DNF-null",
  ]);
});

test("allTelemetry() loads the laps of some drivers only, without loading drivers.json", async () => {
  const files = fakeFiles(sessionOf(["VER", "NOR"], 2));
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry({ drivers: ["NOR"] }));
  assertEquals(namesOf(outcomes).sort(), ["NOR-1", "NOR-2"]);
  assertEquals(files.paths.sort(), ["NOR/1_tel.json", "NOR/2_tel.json", "NOR/laptimes.json"]);
});

test("allTelemetry() reports laps that can't be loaded as outcomes, and goes on", async () => {
  const files = fakeFiles({ ...sessionOf(["VER"], 3), "VER/1_tel.json": 403, "VER/2_tel.json": 404 });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry({ ordered: true }));
  assertEquals(namesOf(outcomes), ["VER-1", "VER-2", "VER-3"]);
  const [first, second, third] = outcomes;
  assert(first?.ok === false && first.error instanceof HttpError);
  assert(second?.ok === false && second.error instanceof DataNotFoundError);
  assert(third?.ok === true);
});

test("allTelemetry() says why it can't use the unchecked laps of a driver", async () => {
  const files = fakeFiles({ ...sessionOf(["VER", "NOR"], 1), "VER/laptimes.json": { lap: "none" } });
  await using f1 = tracingInsights({ fetch: files.fetch, validate: false });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry({ ordered: true }));
  assertEquals(namesOf(outcomes), ["VER-null", "NOR-1"]);
  const [first] = outcomes;
  assert(first?.ok === false && first.error instanceof InvalidDataError);
});

test("allTelemetry() reports drivers whose laps can't be listed as outcomes without a lap, and goes on", async () => {
  const files = fakeFiles({ ...sessionOf(["VER", "DNS", "NOR"], 2), "DNS/laptimes.json": 404 });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry());
  assertEquals(namesOf(outcomes).sort(), ["DNS-null", "NOR-1", "NOR-2", "VER-1", "VER-2"]);
  const failure = outcomes.find(({ driver }) => driver === "DNS");
  assert(failure?.ok === false && failure.error instanceof DataNotFoundError);
});

test("allTelemetry() reports drivers and laps whose names can't be paths as outcomes", async () => {
  const files = fakeFiles({
    ...sessionOf(["VER"], 1),
    "drivers.json": driversOf("VER", "../NOR"),
    "VER/laptimes.json": { ...lapsOf(90, 91, 92), lap: [1, 0, 2.5] },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry());
  assertEquals(namesOf(outcomes).sort(), ["../NOR-null", "VER-0", "VER-1", "VER-2.5"]);
  assertEquals(outcomes.filter(({ ok }) => ok).length, 1);
});

test("allTelemetry() reports the failures when no driver's laps can be listed", async () => {
  const files = fakeFiles({ "drivers.json": driversOf("VER", "NOR") });
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = await collect(f1.session(2026, EVENT, "Race").allTelemetry());
  assertEquals(namesOf(outcomes).sort(), ["NOR-null", "VER-null"]);
});

test("allTelemetry() rejects when the session's drivers can't be loaded", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  await assertRejects(() => collect(f1.session(2026, EVENT, "Race").allTelemetry()), DataNotFoundError);
});

test("allTelemetry() refuses bad drivers at once, and sends nothing before it is read", async () => {
  const files = fakeFiles(sessionOf(["VER"], 1));
  await using f1 = tracingInsights({ fetch: files.fetch });
  const session = f1.session(2026, EVENT, "Race");
  assertThrows(() => session.allTelemetry({ drivers: "VER" as never }), TypeError, "'drivers'");
  assertThrows(() => session.allTelemetry({ drivers: ["VER", ".."] }), TypeError, "'driver'");
  session.allTelemetry();
  await settle();
  assertEquals(files.urls, []);
});

test("allTelemetry() requests no more than its window allows while its reader rests", async () => {
  const files = fakeFiles(sessionOf(["VER", "NOR"], 50));
  await using f1 = tracingInsights({ fetch: files.fetch });
  const outcomes = f1.session(2026, EVENT, "Race").allTelemetry({ concurrency: 2, prefetch: 3 });
  await outcomes.next();
  await settle();
  const asked = files.paths.filter((path) => path.endsWith("_tel.json")).length;
  assert(asked <= 1 + 2 + 3, `${asked} laps were asked for`);
  await outcomes.return?.();
  await settle();
  assertEquals(files.paths.filter((path) => path.endsWith("_tel.json")).length, asked);
});

test("allTelemetry() aborts what is in flight when its reader leaves the loop", async () => {
  let aborted = 0;
  const stuck = [new HeldFile(), new HeldFile()];
  const files = fakeFiles({
    ...sessionOf(["VER"], 3),
    ...Object.fromEntries(stuck.map((held, index) => [
      `VER/${index + 2}_tel.json`,
      (signal: AbortSignal | undefined) => {
        signal?.addEventListener("abort", () => aborted++);
        held.file();
        return never(signal);
      },
    ])),
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  for await (const outcome of f1.session(2026, EVENT, "Race").allTelemetry()) {
    assertEquals(outcome.lap, 1);
    await Promise.all(stuck.map(({ asked }) => asked));
    break;
  }
  assertEquals(aborted, 2);
});

test("allTelemetry() can be left at once, also while a driver's laps are still being listed", async () => {
  const stuck = new HeldFile();
  let aborted = false;
  const files = fakeFiles({
    ...sessionOf(["VER", "NOR"], 1),
    "NOR/laptimes.json": (signal) => {
      signal?.addEventListener("abort", () => aborted = true);
      stuck.file();
      return never(signal);
    },
  });
  await using f1 = tracingInsights({ fetch: files.fetch });
  for await (const outcome of f1.session(2026, EVENT, "Race").allTelemetry()) {
    assertEquals(outcome.driver, "VER");
    await stuck.asked;
    break;
  }
  assert(aborted);
});

for (const stuck of ["drivers.json", "VER/laptimes.json", "VER/1_tel.json"]) {
  test(`allTelemetry() rejects with the caller's reason itself while it waits for ${stuck}`, async () => {
    const held = new HeldFile();
    const files = fakeFiles({
      ...sessionOf(["VER"], 1),
      [stuck]: (signal: AbortSignal | undefined) => {
        held.file();
        return never(signal);
      },
    });
    await using f1 = tracingInsights({ fetch: files.fetch });
    const controller = new AbortController();
    const reason = { mine: true };
    const settled = collect(f1.session(2026, EVENT, "Race").allTelemetry({ signal: controller.signal }))
      .then(() => "resolved", (error) => error);
    await held.asked;
    controller.abort(reason);
    assert(await settled === reason);
  });
}

import { assertEquals, assertThrows } from "@std/assert";
import { type SessionFile, SessionFiles, type SessionSelection } from "../../src/f1/session_files.ts";
import { test } from "../support/test.ts";

const NOTHING: SessionSelection = { session: false, laps: false, telemetry: false, drivers: [] };
const never = new AbortController().signal;

const PAYLOADS: Readonly<Record<string, unknown>> = {
  "drivers.json": { drivers: [{ driver: "VER" }, { driver: "NOR" }] },
  "VER/laptimes.json": { lap: [1, 2, 2] },
  "NOR/laptimes.json": { lap: [1] },
};

/** Loads all files, one after the other. */
async function loadAll(
  files: SessionFiles,
  payloads = PAYLOADS,
): Promise<[files: SessionFile[], problems: unknown[]]> {
  const loaded: SessionFile[] = [];
  const problems: unknown[] = [];
  for (let file = await files.next(never); file !== undefined; file = await files.next(never)) {
    loaded.push(file);
    problems.push(...files.settle(file, payloads[file.path] ?? {}));
  }
  return [loaded, problems];
}

async function pathsOf(selection: Partial<SessionSelection>): Promise<string[]> {
  const [files] = await loadAll(new SessionFiles({ ...NOTHING, ...selection }));
  return files.map(({ path, wanted }) => wanted ? path : `(${path})`);
}

test("SessionFiles gives the four files of the session", async () => {
  assertEquals(await pathsOf({ session: true }), [
    "drivers.json",
    "weather.json",
    "rcm.json",
    "corners.json",
  ]);
});

test("SessionFiles finds the drivers, then their laps, then the telemetry of each lap, once each", async () => {
  assertEquals(await pathsOf({ laps: true }), ["(drivers.json)", "VER/laptimes.json", "NOR/laptimes.json"]);
  assertEquals(await pathsOf({ telemetry: true }), [
    "(drivers.json)",
    "(VER/laptimes.json)",
    "(NOR/laptimes.json)",
    "VER/1_tel.json",
    "VER/2_tel.json",
    "NOR/1_tel.json",
  ]);
  const all = await pathsOf({ session: true, laps: true, telemetry: true });
  assertEquals([all.length, all.filter((path) => path.startsWith("("))], [9, []]);
});

test("SessionFiles requests only the given drivers, and requires their files", async () => {
  const [files] = await loadAll(
    new SessionFiles({ ...NOTHING, laps: true, telemetry: true, drivers: ["VER"] }),
  );
  assertEquals(files.map(({ path, required }) => [path, required]), [
    ["VER/laptimes.json", true],
    ["VER/1_tel.json", false],
    ["VER/2_tel.json", false],
  ]);
});

test("SessionFiles requires drivers.json, and not the files that some sessions lack", async () => {
  const [files] = await loadAll(new SessionFiles({ ...NOTHING, session: true, laps: true }));
  assertEquals(files.filter(({ required }) => required).map(({ path }) => path), ["drivers.json"]);
});

test("SessionFiles.total is known as soon as no file leads to more", async () => {
  const files = new SessionFiles({ ...NOTHING, telemetry: true });
  const totals = [files.total];
  for (let file = await files.next(never); file !== undefined; file = await files.next(never)) {
    files.settle(file, PAYLOADS[file.path] ?? {});
    totals.push(files.total);
  }
  assertEquals(totals, [undefined, undefined, undefined, 6, 6, 6, 6]);
  assertEquals(new SessionFiles({ ...NOTHING, session: true }).total, 4);
});

test("SessionFiles.next() waits for files that may follow, and ends when none can", async () => {
  const files = new SessionFiles({ ...NOTHING, laps: true });
  const drivers = await files.next(never);
  let ended = false;
  const next = files.next(never).finally(() => ended = true);
  await Promise.resolve();
  assertEquals(ended, false);
  files.settle(drivers!, undefined);
  assertEquals(await next, undefined);
});

test("SessionFiles.next() ends when its signal has aborted and running work has ended", async () => {
  const controller = new AbortController();
  const files = new SessionFiles({ ...NOTHING, laps: true });
  const drivers = await files.next(controller.signal);
  const next = files.next(controller.signal);
  controller.abort();
  files.settle(drivers!, PAYLOADS["drivers.json"]);
  assertEquals([await next, await files.next(controller.signal)], [undefined, undefined]);
});

test("SessionFiles refuses drivers and laps that can't be paths, and accepts the others", async () => {
  assertThrows(() => new SessionFiles({ ...NOTHING, laps: true, drivers: ["../VER"] }), TypeError);
  const [files, problems] = await loadAll(new SessionFiles({ ...NOTHING, telemetry: true }), {
    "drivers.json": { drivers: [{ driver: ".." }, { driver: "VER" }, { driver: "a/b" }] },
    "VER/laptimes.json": { lap: [0, 1, 1.5, -1] },
  });
  assertEquals(files.map(({ path }) => path), ["drivers.json", "VER/laptimes.json", "VER/1_tel.json"]);
  assertEquals(problems.map((problem) => (problem as Error).name), [
    "TypeError",
    "TypeError",
    "RangeError",
    "RangeError",
    "RangeError",
  ]);
});

test("SessionFiles.stop() ends the wait for further files", async () => {
  const files = new SessionFiles({ session: false, laps: true, telemetry: false, drivers: [] });
  assertEquals((await files.next(never))?.path, "drivers.json");
  const waiting = files.next(never);
  files.stop();
  assertEquals([await waiting, await files.next(never)], [undefined, undefined]);
});

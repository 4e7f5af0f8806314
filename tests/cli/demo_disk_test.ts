import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import type { ProcessResult } from "../../src/runtime/processes/contract.ts";
import { loadFromDisk, loadInNewProcess, withDisk } from "../../src/cli/demo_disk.ts";
import { MIRROR_URLS } from "../../src/cli/demo_mirrors.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";
import { planOf } from "../http_cache/plan_of.ts";

const RACE = racePayloads({ drivers: 1, laps: 2 });
const PATHS = RACE.paths();
const ARGS = ["demo", "--only-cached"];

/** Puts all files of the race into a folder, except for those that match. */
async function fill(dir: string, without: RegExp = /^$/): Promise<void> {
  await using source = tracingInsights({
    baseUrls: MIRROR_URLS,
    cache: planOf({ adapter: filesystemCache(dir) }),
    fetch: (input) => Promise.resolve(new Response(RACE.resources(new URL(String(input)).pathname))),
  });
  const { year, event, session } = RACE;
  const paths = PATHS.filter((path) => !without.test(path));
  await source.fetchMultiple(paths.map((path) => [year, event, session, path] as const));
}

function setUp(dir: string, runSelf?: () => Promise<ProcessResult | undefined>) {
  const terminal = new FakeTerminal();
  const makeTempFolder = () => Promise.resolve(undefined);
  const processes = runSelf && { runSelf, makeTempFolder };
  const context = { terminal, clock: systemClock, processes };
  return { terminal, context, disk: { dir, race: RACE, paths: PATHS, concurrency: 2 } };
}

test("withDisk() removes a temporary folder, also after an error, and no other folder", async () => {
  await using temp = await tempFolder();
  const made = async () => {
    await temp.folder("temp");
    return `${temp.path}/temp`;
  };
  const { context } = setUp("/none");
  const processes = { makeTempFolder: made, runSelf: () => Promise.resolve(undefined) };
  const failing = withDisk(undefined, { ...context, processes }, async (disk) => {
    await fill(disk?.dir ?? "");
    throw new Error("stop");
  });
  await assertRejects(() => failing, Error, "stop");
  assertEquals(await temp.list(), []);
  await withDisk(`${temp.path}/kept`, { ...context, processes }, (disk) => fill(disk?.dir ?? ""));
  assertEquals((await temp.list())[0], "kept/");
  assertEquals(await withDisk(undefined, context, (disk) => Promise.resolve(disk)), undefined);
});

test("withDisk() warns why it can make no temporary folder, and goes on without one", async () => {
  const { context, terminal } = setUp("/none");
  for (const reason of ["EROFS: read-only file system, mkdtemp '/tmp/x'", "No such file or directory"]) {
    const makeTempFolder = () => Promise.reject(new Error(reason));
    const processes = { makeTempFolder, runSelf: () => Promise.reject(new Error("none")) };
    const disk = await withDisk(undefined, { ...context, processes }, (disk) => Promise.resolve(disk));
    assertEquals(disk, undefined);
    assertStringIncludes(terminal.stderr.text, `warning: Nothing is kept on disk: ${reason}\n`);
  }
});

test("loadFromDisk() loads stored files, and sends no request for others", async () => {
  await using temp = await tempFolder();
  await fill(temp.path, /weather/);
  const { disk, context, terminal } = setUp(temp.path);
  const { exitCode, load } = await loadFromDisk(disk, context);
  assertEquals([exitCode, load?.files, load?.failed, load?.fromCache], [
    1,
    PATHS.length,
    1,
    PATHS.length - 1,
  ]);
  assertStringIncludes(terminal.stderr.text, "weather.json: ");
  assertStringIncludes(terminal.stderr.text, "the client is offline");
});

test("loadInNewProcess() reports the result of the other process", async () => {
  const load = { files: 3, failed: 1, fromCache: 2, bytes: 0, elapsedMs: 5 };
  const { disk, context, terminal } = setUp(
    "/none",
    () => Promise.resolve({ exitCode: 1, stdout: `${JSON.stringify(load)}\n` }),
  );
  assertEquals(await loadInNewProcess(disk, ARGS, context), { exitCode: 1, load, isNewProcess: true });
  assertEquals(terminal.interruptListeners, 0);
});

test("loadInNewProcess() loads in this process where it can't start another one", async () => {
  await using temp = await tempFolder();
  await fill(temp.path);
  for (const runSelf of [undefined, () => Promise.resolve(undefined)]) {
    const { disk, context } = setUp(temp.path, runSelf);
    const { load, isNewProcess } = await loadInNewProcess(disk, ARGS, context);
    assertEquals([load?.fromCache, isNewProcess], [PATHS.length, false]);
  }
});

test("loadInNewProcess() waits at Ctrl-C until the other process has stopped, and reports nothing", async () => {
  const { promise, resolve } = Promise.withResolvers<ProcessResult>();
  const { disk, context, terminal } = setUp("/none", () => promise);
  let isOver = false;
  const loading = loadInNewProcess(disk, ARGS, context).finally(() => isOver = true);
  terminal.interrupt();
  await Promise.resolve();
  assert(!isOver);
  resolve({ exitCode: 0, stdout: "{}" });
  assertEquals(await loading, { exitCode: 130, isNewProcess: true });
});

test("loadInNewProcess() passes on the exit code of a process that failed", async () => {
  for (const exitCode of [2, 130]) {
    const { disk, context } = setUp("/none", () => Promise.resolve({ exitCode, stdout: "" }));
    assertEquals(await loadInNewProcess(disk, ARGS, context), { exitCode, isNewProcess: true });
  }
});

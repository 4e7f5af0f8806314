import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type DemoOptions, playDemo } from "../../src/cli/demo_scene.ts";
import type { Processes } from "../../src/runtime/processes/contract.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";
import { main } from "../../src/cli/main.ts";

const SMALL: DemoOptions = {
  drivers: 4,
  laps: 9,
  files: Infinity,
  latencyMs: 1,
  concurrency: 20,
  seed: 1,
  faults: true,
};

async function play(
  options: Partial<DemoOptions> = {},
  terminal = new FakeTerminal(),
  processes?: Processes,
) {
  const code = await playDemo({ ...SMALL, ...options }, { terminal, clock: systemClock, processes });
  return {
    code,
    text: terminal.stdout.text,
    errors: terminal.stderr.text,
    lines: terminal.stdout.text.split("\n"),
  };
}

test("playDemo() loads every file over loopback, cold and from memory, and says so", async () => {
  const { code, lines } = await play();
  assertEquals([code, lines[0]], [0, "44 JSON files: a race of 4 drivers and 9 laps."]);
  assertMatch(
    lines.at(-2) ?? "",
    /^All files were loaded: 44 in .* with 20 at once, and again in .* from memory\.$/,
  );
  const served = lines.filter((line) => /^ {2}(alpha|bravo|charlie)/.test(line)).map((line) =>
    line.split(/ {2,}/)[4]
  );
  assertEquals(served.reduce((sum, count) => sum + Number(count), 0), 44);
});

test("playDemo() lets a mirror fail half-way, and the others take over", async () => {
  // Enough files that a hundred attempts in a row fail, which counts as an outage at any speed.
  const { code, text } = await play({ concurrency: 2, drivers: 8, laps: 28 });
  assertEquals(code, 0);
  assertMatch(text, /\n {2}alpha .* open\n/);
  assertMatch(text, /circuit breaker of alpha: closed → open\n/);
});

test("playDemo() without faults has nothing to report of its mirrors", async () => {
  const { code, text } = await play({ files: 10, faults: false });
  assertEquals(code, 0);
  assertStringIncludes(text, "\nNone of them ever fails.\n");
  assertStringIncludes(
    text,
    "\n  0 failures handed to the next mirror at once, 0 retries after a pause\n  no circuit breaker changed\n",
  );
  assertMatch(text, /\nAll files were loaded: 10 in .*\n$/);
});

test("playDemo() keeps the files in a folder, from which they come the next time, whatever the ports", async () => {
  await using temp = await tempFolder();
  const first = await play({ cacheDir: temp.path, faults: false });
  assertEquals([first.code, first.errors], [0, ""]);
  assertMatch(first.text, /\n {2}20 at once +44 .*\n {2}from memory +44 .*\n {2}from disk +44 /);
  assertMatch(first.text, /, and by a new client in .* from disk\.\nThey stay in /);
  const second = await play({ cacheDir: temp.path });
  assertEquals([second.code, second.errors], [0, ""]);
  assertMatch(second.text, /\n {2}from an earlier run +44 .*\n {2}from memory +44 .*\n {2}from disk +44 /);
  assertEquals(sizes(second.lines), sizes(first.lines));
  const asked = second.lines.filter((line) => /^ {2}(alpha|bravo|charlie)/.test(line));
  assertEquals(asked.map((line) => line.split(/ {2,}/)[3]), ["0", "0", "0"]);
});

/** The sizes in the table of loads. */
function sizes(lines: readonly string[]): (string | undefined)[] {
  return lines.slice(5, 9).map((line) => line.split(/ {2,}/)[3]);
}

test("playDemo() makes another process load the files from a temporary folder, and removes that", async () => {
  await using temp = await tempFolder();
  let load: unknown;
  const processes: Processes = {
    makeTempFolder: async () => {
      await temp.folder("demo");
      return `${temp.path}/demo`;
    },
    async runSelf(args, folder) {
      assertEquals([folder, args.at(-1)], [`${temp.path}/demo`, `--cache=${temp.path}/demo`]);
      const terminal = new FakeTerminal();
      const exitCode = await main(args, terminal);
      load = JSON.parse(terminal.stdout.text);
      return { exitCode, stdout: terminal.stdout.text };
    },
  };
  const { code, text, errors } = await play({ files: 10 }, new FakeTerminal(), processes);
  assertEquals([code, errors], [0, ""]);
  assertEquals({ ...load as object, elapsedMs: 0 }, {
    files: 10,
    failed: 0,
    fromCache: 10,
    bytes: 0,
    elapsedMs: 0,
  });
  assertMatch(text, /, and by a new process in .* from disk\.\n$/);
  assertEquals(await temp.list(), []);
});

test("playDemo() goes on without a folder that it can't use, and says so once", async () => {
  await using temp = await tempFolder();
  await temp.write("file", "mine");
  const { code, text, errors } = await play({ files: 10, cacheDir: `${temp.path}/file` });
  assertEquals(code, 0);
  assertMatch(errors, /^warning: The cache 'filesystem' failed to [^\n]+\n$/);
  assertMatch(text, /, and again in .* from memory\.\n$/);
  assertEquals(await temp.read("file"), "mine");
});

test("playDemo() stops at Ctrl-C, and prints no result", async () => {
  const terminal = new FakeTerminal();
  terminal.onInterrupt = (listener) => {
    queueMicrotask(() => listener("SIGINT"));
    return { [Symbol.dispose]: () => {} };
  };
  const { code, text } = await play({ latencyMs: 10_000, files: 5 }, terminal);
  assertEquals(code, 130);
  assertMatch(terminal.stderr.text, /^Interrupted: 0 done, 1 not done, /);
  assert(!text.includes("loaded"), text);
});

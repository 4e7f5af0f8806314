import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type DemoOptions, playDemo } from "../../src/cli/demo_scene.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const SMALL: DemoOptions = {
  drivers: 4,
  laps: 9,
  files: Infinity,
  latencyMs: 1,
  concurrency: 20,
  seed: 1,
  faults: true,
};

async function play(options: Partial<DemoOptions> = {}, terminal = new FakeTerminal()) {
  const code = await playDemo({ ...SMALL, ...options }, { terminal, clock: systemClock });
  return { code, text: terminal.stdout.text, lines: terminal.stdout.text.split("\n") };
}

test("playDemo() loads every file over loopback, cold and from the cache, and says so", async () => {
  const { code, lines } = await play();
  assertEquals([code, lines[0]], [0, "44 JSON files: a race of 4 drivers and 9 laps."]);
  assertMatch(
    lines.at(-2) ?? "",
    /^All files were loaded: 44 in .* with 20 at once, and again in .* from the cache\.$/,
  );
  const served = lines.filter((line) => /^ {2}(alpha|bravo|charlie)/.test(line)).map((line) =>
    line.split(/ {2,}/)[4]
  );
  assertEquals(served.reduce((sum, count) => sum + Number(count), 0), 44);
});

test("playDemo() lets a mirror die half-way, and the others go on", async () => {
  const { code, text } = await play({ concurrency: 2 });
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

test("playDemo() stops at Ctrl-C, and prints no result", async () => {
  const terminal = new FakeTerminal();
  terminal.onInterrupt = (listener) => {
    queueMicrotask(listener);
    return { [Symbol.dispose]: () => {} };
  };
  const { code, text } = await play({ latencyMs: 10_000, files: 5 }, terminal);
  assertEquals(code, 130);
  assertMatch(terminal.stderr.text, /^Interrupted: 0 done, 1 not done, /);
  assert(!text.includes("loaded"), text);
});

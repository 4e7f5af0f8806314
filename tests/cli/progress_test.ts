import { assert, assertEquals } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import { Progress, type ProgressMode } from "../../src/cli/progress.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { FakeOutput } from "./fake_terminal.ts";

function setUp(mode: ProgressMode) {
  const clock = new ManualClock();
  const output = new FakeOutput();
  const state = { done: 0 };
  const counts = () => ({
    ...state,
    failed: 0,
    total: 10,
    bytes: 0,
    inFlight: 2,
    retries: 0,
    openBreakers: 0,
  });
  return { clock, output, state, progress: new Progress({ mode, output, clock, counts }) };
}

test("Progress draws at most ten times a second, over the line before", async () => {
  const { clock, output, state, progress } = setUp("live");
  progress.start();
  await clock.advance(99);
  assertEquals(output.writes, []);
  state.done = 5;
  await clock.advance(901);
  assertEquals(output.writes.length, 10);
  for (const text of output.writes) {
    assert(text.startsWith("\r 5/10") && text.endsWith("\x1b[K"), JSON.stringify(text));
  }
  await progress.stop();
});

test("Progress leaves room after its line for the echo of Ctrl-C, however wide the terminal is", async () => {
  for (let columns = 10; columns <= 80; columns++) {
    const { clock, output, progress } = setUp("live");
    output.columns = () => columns;
    progress.start();
    await clock.advance(100);
    const line = output.writes[0]?.slice(1, -3) ?? "";
    assert(unicodeWidth(`${line}^C`) < columns, `${columns}: ${line}`);
    await progress.stop();
  }
});

test("Progress.stop() removes the line and leaves no timer, however often it is called", async () => {
  const { clock, output, progress } = setUp("live");
  progress.start();
  await clock.advance(100);
  await progress.stop();
  await progress.stop();
  assertEquals([output.writes.length, output.writes.at(-1), clock.pending], [2, "\r\x1b[K", 0]);
});

test("Progress.stop() writes nothing when nothing was drawn", async () => {
  const { clock, output, progress } = setUp("live");
  progress.start();
  await progress.stop();
  assertEquals([output.text, clock.pending], ["", 0]);
});

test("Progress.log() writes above the live line", async () => {
  const { clock, output, progress } = setUp("live");
  progress.start();
  await progress.log("first");
  await clock.advance(100);
  await progress.log("second");
  const drawn = output.writes[1]?.slice(1, -3) ?? "";
  assertEquals([output.writes[0], output.writes[2]], ["first\n", `\r\x1b[Ksecond\n${drawn}`]);
  await progress.stop();
});

test("Progress writes a plain line every five seconds if stderr is no terminal", async () => {
  const { clock, output, state, progress } = setUp("plain");
  progress.start();
  await clock.advance(4_999);
  assertEquals(output.text, "");
  state.done = 5;
  await clock.advance(5_001);
  await progress.log("a failure");
  await progress.stop();
  assertEquals(output.writes, [
    " 5/10   50 %   1.0/s   2 in flight  ETA 5.0 s\n",
    " 5/10   50 %   0.0/s   2 in flight\n",
    "a failure\n",
  ]);
});

test("Progress breaks a plain line between its parts on a terminal", async () => {
  const { clock, output, progress } = setUp("plain");
  output.isTerminal = true;
  output.width = 20;
  progress.start();
  await clock.advance(5_000);
  assertEquals(output.writes, [" 0/10    0 %\n   0.0/s\n   2 in flight\n"]);
  await progress.stop();
});

test("Progress with mode none arms no timer and still logs", async () => {
  const { clock, output, progress } = setUp("none");
  progress.start();
  await progress.log("a failure");
  assertEquals([output.text, clock.pending], ["a failure\n", 0]);
  await progress.stop();
});

/** Makes each write to an output end only when the test says so. */
function heldWrites(output: { write(text: string): Promise<boolean> }): PromiseWithResolvers<boolean>[] {
  const writes: PromiseWithResolvers<boolean>[] = [];
  output.write = () => {
    const write = Promise.withResolvers<boolean>();
    writes.push(write);
    return write.promise;
  };
  return writes;
}

test("Progress.stop() ends when all lines are written, even if their writes were not awaited", async () => {
  for (const mode of ["none", "live"] as const) {
    const { clock, output, progress } = setUp(mode);
    const writes = heldWrites(output);
    progress.start();
    progress.log("first").catch(() => {});
    progress.log("last").catch(() => {});
    let isStopped = false;
    const stopped = progress.stop().then(() => isStopped = true);
    writes[0]?.reject(new Error("gone"));
    await clock.advance(0);
    assertEquals([writes.length, isStopped], [2, false]);
    writes[1]?.resolve(true);
    assertEquals(await stopped, true);
  }
});

test("Progress skips a redraw while the terminal is slow, and survives one that fails", async () => {
  const { clock, output, progress } = setUp("live");
  const writes = heldWrites(output);
  progress.start();
  await clock.advance(500);
  assertEquals(writes.length, 1);
  writes[0]?.reject(new Error("gone"));
  await clock.advance(100);
  assertEquals(writes.length, 2);
  writes[1]?.resolve(true);
  const stopped = progress.stop();
  writes[2]?.resolve(true);
  await stopped;
});

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { Run, type RunOptions } from "../../src/cli/run.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { Exit, FakeTerminal } from "./fake_terminal.ts";

const OPTIONS: RunOptions = {
  quiet: false,
  jsonErrors: false,
  failFast: false,
  dataOnStdout: true,
  summary: true,
};
const FAILURE = { error: new Error("broken"), where: "urls.txt:7", subject: "https://h/x" };

function setUp(options: Partial<RunOptions> = {}) {
  const clock = new ManualClock();
  const terminal = new FakeTerminal();
  return { clock, terminal, run: new Run({ clock, terminal }, { ...OPTIONS, ...options }) };
}

test("Run.finish() returns 0 if all jobs succeeded and 1 if some failed", async () => {
  const fine = setUp();
  fine.run.succeeded = 2;
  assertEquals([await fine.run.finish(), fine.terminal.stderr.text], [0, "2 done, 0 B in 0 ms\n"]);
  const broken = setUp();
  await broken.run.fail(FAILURE);
  assertEquals(await broken.run.finish(), 1);
  assertEquals(
    broken.terminal.stderr.text,
    "urls.txt:7: https://h/x: broken\n0 done, 1 failed, 0 B in 0 ms\n",
  );
});

test("Run.fail() prints a subject once, if it has no other name", async () => {
  const { run, terminal } = setUp();
  await run.fail({ error: new Error("broken"), where: "urls.txt:7", subject: "urls.txt:7" });
  assertEquals(terminal.stderr.text, "urls.txt:7: broken\n");
});

test("Run.fail() removes everything from a message that moves the cursor or colours the terminal", async () => {
  const { run, terminal } = setUp();
  await run.fail({
    error: new Error("broken"),
    where: "a\x1b[2J.txt:7",
    subject: "https://h/\x1b[31m\0\x9b2J",
  });
  await run.fail({ error: new Error("broken"), where: "-:8", subject: "https://h/\r\x1b]0;title\x07" });
  assertEquals(
    terminal.stderr.text,
    "a [2J.txt:7: https://h/ [31m 2J: broken\n-:8: https://h/ ]0;title : broken\n",
  );
});

test("Run.fail() does not repeat a subject that the message already names", async () => {
  const { run, terminal } = setUp();
  await run.fail({ ...FAILURE, error: new Error("GET https://h/x failed") });
  assertEquals(terminal.stderr.text, "urls.txt:7: GET https://h/x failed\n");
});

test("Run.fail() writes one line of JSON with --json-errors, and the end adds nothing", async () => {
  const { run, terminal } = setUp({ jsonErrors: true });
  await run.fail(FAILURE);
  assertEquals(await run.finish(), 1);
  assertEquals(
    terminal.stderr.text,
    '{"where":"urls.txt:7","subject":"https://h/x","name":"Error","message":"broken"}\n',
  );
});

test("Run.warn() and Run.note() print according to the flags, and neither is a failure", async () => {
  for (
    const [options, text] of [
      [{}, "warning: w\nn\n"],
      [{ quiet: true }, "warning: w\n"],
      [{ jsonErrors: true }, ""],
    ] as const
  ) {
    const { run, terminal } = setUp({ ...options, summary: false });
    await run.warn("w");
    await run.note("n");
    assertEquals([await run.finish(), terminal.stderr.text], [0, text]);
  }
});

test("Run.stop() aborts once, and its first reason counts", () => {
  const { run } = setUp();
  run.stop("closed");
  const { reason } = run.signal;
  run.stop("failed");
  assertEquals([run.stopReason, run.signal.reason === reason], ["closed", true]);
  assertEquals([run.isStop(reason), run.isStop(new Error("other"))], [true, false]);
});

test("Run stops at the first failure only with --fail-fast", async () => {
  const patient = setUp();
  await patient.run.fail(FAILURE);
  assertEquals(patient.run.signal.aborted, false);
  const hasty = setUp({ failFast: true });
  await hasty.run.fail(FAILURE);
  assertEquals([hasty.run.signal.aborted, await hasty.run.finish()], [true, 1]);
});

test("Run prefers Ctrl-C to all other results, and exits at the second one", async () => {
  const { run, terminal } = setUp({ failFast: true, quiet: true });
  await run.fail(FAILURE);
  terminal.interrupt();
  assertEquals(run.stopReason, "interrupted");
  assertEquals(assertThrows(() => terminal.interrupt(), Exit).code, 130);
  assertEquals(await run.finish(), 130);
});

test("Run[Symbol.dispose]() removes its listener of Ctrl-C and leaves no timer", async () => {
  const { run, terminal, clock } = setUp();
  const client = createClient();
  run.start(() => client.stats());
  assertEquals([terminal.interruptListeners, clock.pending], [1, 1]);
  run[Symbol.dispose]();
  assertEquals([terminal.interruptListeners, clock.pending], [0, 0]);
  await client.close();
});

test("Run.put() stops the run when the reader of stdout has left, and finish() prints nothing", async () => {
  const { run, terminal } = setUp();
  terminal.stdout.writesLeft = 1;
  await run.put("a");
  assertEquals(run.stopReason, undefined);
  await run.put("b");
  assertEquals([run.stopReason, await run.finish(), terminal.stderr.text], ["closed", 0, ""]);
});

test("Run.put() stops the run when stdout is not writable, says so once, and rejects with the reason", async () => {
  for (
    const [options, text] of [
      [
        {},
        "stdout: disk full\nStopped as the output can't be written: 0 done, 1 failed, the rest not done, 0 B in 0 ms\n",
      ],
      [{ failFast: true, quiet: true }, "stdout: disk full\n"],
      [{ jsonErrors: true }, '{"where":"stdout","subject":"stdout","name":"Error","message":"disk full"}\n'],
    ] as const
  ) {
    const { run, terminal } = setUp(options);
    terminal.stdout.write = () => Promise.reject(new Error("disk full"));
    const puts = await Promise.allSettled([run.put("a"), run.put("b")]);
    assertEquals(puts.map((put) => put.status === "rejected" && run.isStop(put.reason)), [true, true]);
    assertEquals([run.stopReason, await run.finish(), terminal.stderr.text], ["unwritable", 1, text]);
  }
});

test("Run.finish() does not count an output that is not writable as one of the inputs", async () => {
  const { run, terminal } = setUp();
  run.total = 3;
  run.succeeded = 1;
  await assertRejects(() => run.keep("a.ndjson", () => Promise.reject(new Error("disk full"))));
  assertEquals(await run.finish(), 1);
  assertStringIncludes(terminal.stderr.text, ": 1 done, 1 failed, 2 not done, ");
});

test("Run.keep() reports an output that is not writable, even after the run was stopped for another reason", async () => {
  const { run, terminal } = setUp({ summary: false });
  const error = await assertRejects(() => {
    run.stop("failed");
    return run.keep("a.ndjson", () => Promise.reject(new Error("disk full")));
  });
  assertEquals([run.isStop(error), run.stopReason, await run.finish()], [true, "failed", 1]);
  assertEquals(terminal.stderr.text, "a.ndjson: disk full\n");
});

test("Run.fail() stops the run when the disk is full, and says so once, however many outputs fail for it", async () => {
  const { run, terminal } = setUp();
  run.total = 9;
  const cause = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const full = { ...FAILURE, error: new Error("broken", { cause }) };
  await Promise.all([run.fail(full), run.fail(full), run.fail(FAILURE)]);
  await assertRejects(() => run.keep("m.ndjson", () => Promise.reject(cause)), DOMException, "stopped");
  assertEquals([run.signal.aborted, run.stopReason, await run.finish()], [true, "unwritable", 1]);
  assertEquals(
    terminal.stderr.text,
    "urls.txt:7: https://h/x: broken\n".repeat(2) +
      "Stopped as the output can't be written: 0 done, 2 failed, 7 not done, 0 B in 0 ms\n",
  );
});

test("Run clears the line of the ^C that the terminal shows", async () => {
  const { run, terminal } = setUp();
  terminal.stderr.isTerminal = true;
  terminal.interrupt();
  await run.finish();
  assertEquals(terminal.stderr.text, "\r\x1b[KInterrupted: 0 done, the rest not done, 0 B in 0 ms\n");
});

test("Run draws nothing on a dumb terminal, and still reports progress", async () => {
  const { clock, run, terminal } = setUp({ dataOnStdout: false });
  terminal.stderr.isTerminal = true;
  Object.assign(terminal, { isDumb: true, noColor: true });
  await using client = createClient({ clock });
  run.start(() => client.stats());
  await clock.advance(5_000);
  await run.fail(FAILURE);
  terminal.interrupt();
  await run.finish();
  const { text } = terminal.stderr;
  // deno-lint-ignore no-control-regex -- exactly these are not to be there.
  assertEquals(/[\r\x1b]/.test(text), false, JSON.stringify(text));
  assertEquals(text.split("\n").map((line) => line.slice(0, 11)), [
    "0 done   0.",
    "urls.txt:7:",
    "Interrupted",
    "",
  ]);
});

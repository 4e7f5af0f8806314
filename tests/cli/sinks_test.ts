import { assertEquals, assertRejects } from "@std/assert";
import type { Input } from "../../src/cli/inputs.ts";
import { OutputFolder } from "../../src/cli/output_folder.ts";
import { Run } from "../../src/cli/run.ts";
import { type Body, bodySink, folderSink, ndjsonSink } from "../../src/cli/sinks.ts";
import type { Outcome } from "../../src/client/outcome.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const TEXT = "https://h/a?token=1";
const INPUT: Input = { ok: true, text: TEXT, url: new URL(TEXT), where: "argument 1" };
const REQUEST = { index: 0, request: TEXT, attempts: 2, durationMs: 12.345 };
const FINE: Outcome<Body> = {
  ...REQUEST,
  ok: true,
  value: new TextEncoder().encode("[1]"),
  status: 200,
  headers: new Headers(),
  url: TEXT,
  from: "network",
};
const BROKEN: Outcome<Body> = { ...REQUEST, ok: false, error: new TypeError("broken") };

function setUp() {
  const terminal = new FakeTerminal();
  const run = new Run({ terminal, clock: new ManualClock() }, {
    quiet: true,
    jsonErrors: false,
    failFast: false,
    dataOnStdout: true,
    summary: false,
  });
  return { terminal, run };
}

test("bodySink() writes bodies and nothing of failures", async () => {
  const { terminal, run } = setUp();
  const sink = bodySink(run);
  await sink.put(FINE, TEXT, sink.plan(INPUT));
  await sink.put(BROKEN, TEXT, sink.plan(INPUT));
  assertEquals(terminal.stdout.text, "[1]");
});

test("ndjsonSink() writes a line for every outcome, with the URL as it was given", async () => {
  const { terminal, run } = setUp();
  const sink = ndjsonSink(run);
  await sink.put(FINE, TEXT, sink.plan(INPUT));
  await sink.put(BROKEN, TEXT, sink.plan(INPUT));
  assertEquals(
    terminal.stdout.text,
    `{"url":"${TEXT}","ok":true,"from":"network","attempts":2,"durationMs":12.3,"value":[1]}\n` +
      `{"url":"${TEXT}","ok":false,"attempts":2,"durationMs":12.3,"error":{"name":"TypeError","message":"broken"}}\n`,
  );
});

test("folderSink() plans one path for a URL however often it comes, whatever its fragment", async () => {
  const { terminal } = setUp();
  const sink = folderSink(await OutputFolder.open("/out", terminal.files));
  const plan = (text: string) => sink.plan({ ...INPUT, text, url: new URL(text) }).join("/");
  assertEquals(["https://h/a#1", "https://h/a#2", "https://h/A", "https://h/a#1"].map(plan), [
    "h/a",
    "h/a",
    "h/A~2",
    "h/a",
  ]);
});

test("folderSink() writes bodies into files, and rejects when it can't", async () => {
  const { terminal } = setUp();
  const sink = folderSink(await OutputFolder.open("/out", terminal.files));
  await sink.put(FINE, TEXT, ["h", "a"]);
  await sink.put(BROKEN, TEXT, ["h", "b"]);
  assertEquals([...terminal.files.contents], [["/out/h/a", "[1]"]]);
  terminal.files.beforeCreate = () => {
    throw new Error("disk full");
  };
  await assertRejects(() => sink.put(FINE, TEXT, ["h", "c"]), Error, "disk full");
});

test("S17: ndjsonSink() shows no user info of a URL, and leaves the rest of it as it was given", async () => {
  const { terminal, run } = setUp();
  const sink = ndjsonSink(run);
  for (const outcome of [FINE, BROKEN]) {
    await sink.put(outcome, "https://user:s3cret@h/a@b?page=2#f", []);
    await sink.put(outcome, "ftp://user:s3cret@h/", []);
  }
  const urls = terminal.stdout.text.trim().split("\n").map((line) => JSON.parse(line).url);
  assertEquals(urls, [
    "https://***@h/a@b?page=2#f",
    "ftp://***@h/",
    "https://***@h/a@b?page=2#f",
    "ftp://***@h/",
  ]);
});

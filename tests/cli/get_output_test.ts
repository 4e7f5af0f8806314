import { assertEquals, assertRejects } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { GET_OUTPUT_FLAGS, openGetOutput } from "../../src/cli/get_output.ts";
import { OUTPUT_FLAGS } from "../../src/cli/output_flags.ts";
import { test } from "../support/test.ts";
import { JOB, setUpRun, transferOf } from "./sink_rig.ts";

async function put(isSingle: boolean, ...args: string[]) {
  const { terminal, run } = setUpRun();
  const { flags } = readArgs(args, { ...GET_OUTPUT_FLAGS, ...OUTPUT_FLAGS });
  {
    await using output = await openGetOutput(flags, { terminal, run, isSingle });
    await output.sink.take(JOB, transferOf(new Response("1")));
  }
  return [terminal.stdout.text.slice(0, 9), Object.fromEntries(terminal.files.contents)];
}

test("openGetOutput() finds the place that the flags name", async () => {
  const line =
    '{"index":0,"url":"https://h/a?token=1","ok":true,"from":"network","attempts":2,"durationMs":12.3,"value":1}\n';
  assertEquals(await put(true), ["1", {}]);
  assertEquals(await put(true, "-o", "-"), ["1", {}]);
  assertEquals(await put(false), ['{"index":', {}]);
  assertEquals(await put(true, "--ndjson"), ['{"index":', {}]);
  assertEquals(await put(true, "-o", "/x/a.json"), ["", { "/x/a.json": "1" }]);
  assertEquals(await put(false, "--ndjson", "-o", "/lines"), ["", { "/lines": line }]);
  const [, files] = await put(false, "--out", "/out");
  assertEquals(Object.values(files as Record<string, string>), ["1"]);
});

const WRONG: readonly (readonly [message: string, isSingle: boolean, ...args: string[]])[] = [
  ["'--out' and '--output' exclude each other", true, "--out", "a", "-o", "b"],
  ["'--out' and '--ndjson' exclude each other", true, "--out", "a", "--ndjson"],
  ["'--output' takes one URL, or several with '--ndjson'", false, "-o", "a"],
  ["'--resume' needs '--out' or '--output'", true, "--resume"],
  ["'--resume' needs '--out' or '--output'", false, "--ndjson", "--resume", "-o", "-"],
  ["'--manifest' needs '--out'", true, "--manifest", "a", "-o", "b"],
  ["'--include' is for stdout and lines of JSON", true, "-i", "-o", "b"],
  ["'--include' is for stdout and lines of JSON", false, "-i", "--out", "b"],
  [
    "'--resume' and '--fail-with-body' exclude each other",
    false,
    "--out",
    "a",
    "--resume",
    "--fail-with-body",
  ],
  ["'--output' must be a file", true, "-o", "a/.."],
  ["'--output' must be a file", true, "-o", "a/"],
];

for (const [message, isSingle, ...args] of WRONG) {
  test(`openGetOutput() refuses ${args.join(" ")} with ${isSingle ? "one URL" : "several URLs"}`, async () => {
    await assertRejects(() => put(isSingle, ...args), UsageError, message);
  });
}

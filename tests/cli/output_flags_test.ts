import { assertEquals, assertRejects } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { openOutputFolder, OUTPUT_FLAGS, runOptions } from "../../src/cli/output_flags.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const flagsOf = (...args: string[]) => readArgs(args, OUTPUT_FLAGS).flags;

test("openOutputFolder() opens the folder of --out, and none without it", async () => {
  const terminal = new FakeTerminal();
  assertEquals((await openOutputFolder(flagsOf("--out", "/out"), terminal))?.path, "/out");
  assertEquals(await openOutputFolder(flagsOf("--ndjson"), terminal), undefined);
});

test("openOutputFolder() refuses a path that is no folder, and --ndjson beside --out before it creates one", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("/file", "");
  await assertRejects(
    () => openOutputFolder(flagsOf("--out", "/file"), terminal),
    UsageError,
    "'--out' must be",
  );
  const both = flagsOf("--out", "/out", "--ndjson");
  await assertRejects(() => openOutputFolder(both, terminal), UsageError, "exclude each other");
  assertEquals(terminal.files.folders.has("/out"), false);
});

test("runOptions() says where output goes and how much is reported", () => {
  const calm = { quiet: false, jsonErrors: false, failFast: false, dataOnStdout: true };
  assertEquals(runOptions(flagsOf()), calm);
  assertEquals(runOptions(flagsOf("--out", "x")), { ...calm, dataOnStdout: false });
  assertEquals(runOptions(flagsOf("--quiet", "--json-errors", "--fail-fast")), {
    quiet: true,
    jsonErrors: true,
    failFast: true,
    dataOnStdout: true,
  });
});

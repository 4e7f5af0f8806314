import { assertEquals, assertRejects } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { GET_OUTPUT_FLAGS, openGetOutput } from "../../src/cli/get_output.ts";
import { OUTPUT_FLAGS } from "../../src/cli/output_flags.ts";
import { WriteError } from "../../src/errors.ts";
import type { TerminalFiles } from "../../src/runtime/terminal/contract.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { openedName } from "../support/opened_name.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";
import { exchangeOf, JOB, setUpRun } from "./sink_rig.ts";

const { files } = currentTerminal();

function put(isSingle: boolean, ...args: string[]) {
  return putWith(files, isSingle, ...args);
}

async function putWith(files: TerminalFiles, isSingle: boolean, ...args: string[]) {
  const { run, terminal: { stdout } } = setUpRun();
  const terminal = Object.assign(new FakeTerminal(files), { stdout });
  const { flags } = readArgs(args, { ...GET_OUTPUT_FLAGS, ...OUTPUT_FLAGS });
  await using output = await openGetOutput(flags, { terminal, run, isSingle });
  await output.sink.take(JOB, exchangeOf(new Response("1"), { run }));
  return stdout.text.slice(0, 9);
}

test("openGetOutput() opens the output that the flags name", async () => {
  const line =
    '{"index":0,"url":"https://h/a?token=1","ok":true,"from":"network","attempts":1,"durationMs":12.3,"value":1}\n';
  await using temp = await tempFolder();
  const { path } = temp;
  assertEquals(await put(true), "1");
  assertEquals(await put(true, "-o", "-"), "1");
  assertEquals(await put(true, "--ordered"), "1");
  assertEquals(await put(false), '{"index":');
  assertEquals(await put(true, "--ndjson"), '{"index":');
  assertEquals([await put(true, "-o", `${path}/x/a.json`), await temp.read("x/a.json")], ["", "1"]);
  assertEquals([await put(false, "--ndjson", "-o", `${path}/lines`), await temp.read("lines")], ["", line]);
  await put(false, "--ndjson", "-o", `${path}/lines`, "--include");
  assertEquals(JSON.parse(await temp.read("lines")).status, 200);
  assertEquals(await put(false, "--out", `${path}/out`), "");
  const files = (await temp.list()).filter((name) => name.startsWith("out/h/a~"));
  assertEquals([files.length, await temp.read(files[0]!)], [1, "1"]);
});

test("openGetOutput() accepts any name that the system does, but no folder for a file", async () => {
  await using temp = await tempFolder();
  const { path } = temp;
  for (const name of ["we\\ird.json", "...", "..a", " ", "a:b", "-", "é"]) {
    assertEquals([await put(true, "-o", `${path}/${name}`), await temp.read(name)], ["", "1"], name);
  }
  await temp.folder("there");
  await temp.link("link", "there");
  const there = [`${path}/there`, `${path}/link`];
  for (const folder of [`${path}/x/`, `${path}/.`, `${path}/x/..`, "..", ".", "/", "./", ...there]) {
    await assertRejects(() => put(true, "-o", folder), UsageError, "'--output' must be a file", folder);
  }
});

test("openGetOutput() writes a manifest whose path leads to no file, as that of a pipe", async () => {
  await using temp = await tempFolder();
  const realPath: TerminalFiles["realPath"] = (path) =>
    path.endsWith("/manifest") ? Promise.reject(new Error("ENOENT")) : files.realPath(path);
  const flags = ["--out", `${temp.path}/out`, "--manifest", `${temp.path}/manifest`];
  assertEquals(await putWith({ ...files, realPath }, false, ...flags), "");
  assertEquals(JSON.parse(await temp.read("manifest")).bytes, 1);
});

test("openGetOutput() leaves a path that can't be examined to the writer", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/${"n".repeat(300)}`;
  await assertRejects(() => put(true, "-o", path), WriteError, `Cannot download to ${path}: `);
  await assertRejects(
    () => put(true, "--ndjson", "-o", path),
    UsageError,
    "'--output' must be a file that can be written",
  );
});

test("openGetOutput() writes directly into a device, also behind a link", async () => {
  await using temp = await tempFolder();
  const fs = await import("node:fs/promises");
  await fs.symlink("/dev/null", `${temp.path}/link`);
  for (const path of ["/dev/null", `${temp.path}/link`]) {
    assertEquals(await put(true, "-o", path), "");
    await assertRejects(() => put(true, "--resume", "-o", path), UsageError, "'--resume' needs a file");
  }
  assertEquals(await temp.list(), ["link"]);
  assertEquals((await fs.stat("/dev/null")).isCharacterDevice(), true);
});

test("openGetOutput() writes into an open file or pipe, and does not replace its name", async () => {
  await using temp = await tempFolder();
  await temp.write("a", "theirs ");
  await using held = await openedName(`${temp.path}/a`);
  assertEquals(await put(true, "-o", held.name), "");
  assertEquals([await temp.read("a"), await temp.list()], ["theirs 1", ["a"]]);

  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  await promisify(execFile)("mkfifo", [`${temp.path}/pipe`]);
  // Open it for reading and writing, so that neither side waits for the other one.
  const { open } = await import("node:fs/promises");
  const pipe = await open(`${temp.path}/pipe`, "r+");
  await using name = await openedName(`${temp.path}/pipe`, pipe);
  assertEquals(await put(true, "-o", name.name), "");
  const { buffer } = await pipe.read(new Uint8Array(1), 0, 1);
  assertEquals(new TextDecoder().decode(buffer), "1");
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
  ["'--ordered' and '--output' exclude each other, but for lines of JSON", true, "--ordered", "-o", "b"],
  ["'--ordered' and '--out' exclude each other, but for lines of JSON", false, "--ordered", "--out", "b"],
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

for (const code of ["EROFS", "EACCES", "ENOSPC"]) {
  test(`openGetOutput() names the flag whose folder is not writable (${code})`, async () => {
    await using temp = await tempFolder();
    const { run } = setUpRun();
    const createFile = () => Promise.reject(Object.assign(new Error(`${code}: no way`), { code }));
    const terminal = new FakeTerminal({ ...files, createFile });
    const { flags } = readArgs(["--out", temp.path], { ...GET_OUTPUT_FLAGS, ...OUTPUT_FLAGS });
    await assertRejects(
      () => openGetOutput(flags, { terminal, run, isSingle: false }),
      UsageError,
      `'--out' must be a folder that can be written into: ${code}: no way`,
    );
  });
}

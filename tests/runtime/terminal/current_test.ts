import process from "node:process";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { currentTerminal } from "../../../src/runtime/terminal/current.ts";
import { asIn, NODE_22, NODE_GLOBALS, testElsewhere } from "../../support/globals.ts";
import { openedName } from "../../support/opened_name.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const { files } = currentTerminal();
const never = new AbortController().signal;

test("currentTerminal().files.kind() tells what is there, and follows no link", async () => {
  await using temp = await tempFolder();
  await temp.folder("folder");
  await temp.write("file", "");
  await temp.link("link", "nowhere");
  const kinds = ["folder", "file", "link", "missing", "file/below"].map((name) =>
    files.kind(`${temp.path}/${name}`)
  );
  assertEquals(await Promise.all(kinds), ["folder", "file", "link", undefined, undefined]);
  assertEquals(await files.kind(`${temp.path}/folder`, { prompts: false }), "folder");
});

test("currentTerminal().files.kind() follows a link if it is told to, but for names of open files", async () => {
  await using temp = await tempFolder();
  await temp.folder("folder");
  await temp.write("file", "");
  const targets = {
    a: "nowhere",
    b: "file",
    c: "folder",
    d: "b",
    e: "/dev/null",
    f: "file/below",
    g: "folder/../file",
  };
  for (const [name, target] of Object.entries(targets)) await temp.link(name, target);
  const kinds = ["folder", "file", "missing", ...Object.keys(targets)].map((name) =>
    files.kind(`${temp.path}/${name}`, { follow: true })
  );
  assertEquals(await Promise.all(kinds), [
    "folder",
    "file",
    undefined,
    undefined,
    "file",
    "folder",
    "file",
    "other",
    undefined,
    "file",
  ]);
  await using held = await openedName(`${temp.path}/file`);
  assertEquals([await files.kind(held.name, { follow: true }), await files.kind(held.name)], [
    "other",
    "link",
  ]);
});

test("currentTerminal().files.names() lists what is in a folder, and wants one", async () => {
  await using temp = await tempFolder();
  await temp.folder("a/b");
  await temp.write("file ü", "");
  await temp.link("link", "nowhere");
  assertEquals([...await files.names(temp.path)].sort(), ["a", "file ü", "link"]);
  assertEquals(await files.names(`${temp.path}/a/b`), []);
  await assertRejects(() => files.names(`${temp.path}/none`), Error);
});

test("currentTerminal().files.createFile() never writes over a file or through a link", async () => {
  await using temp = await tempFolder();
  await temp.write("file", "old");
  await temp.link("link", `${temp.path}/target`);
  const bytes = new TextEncoder().encode("new");
  await assertRejects(() => files.createFile(`${temp.path}/file`, bytes), Error);
  await assertRejects(() => files.createFile(`${temp.path}/link`, bytes), Error);
  await files.createFile(`${temp.path}/fresh`, bytes);
  assertEquals([await temp.read("file"), await temp.read("fresh"), await temp.list()], [
    "old",
    "new",
    ["file", "fresh", "link"],
  ]);
});

test("currentTerminal().files.makeFolder() is fine with a folder that is there", async () => {
  await using temp = await tempFolder();
  await files.makeFolder(`${temp.path}/a`);
  await files.makeFolder(`${temp.path}/a`);
  await files.makeFolder(`${temp.path}/b/c`, { recursive: true });
  await files.makeFolder(`${temp.path}/b/c`, { recursive: true });
  await assertRejects(() => files.makeFolder(`${temp.path}/d/e`), Error);
  assertEquals(await temp.list(), ["a/", "b/", "b/c/"]);
});

test("currentTerminal().files.rename() and remove() replace and remove files", async () => {
  await using temp = await tempFolder();
  await temp.write("a", "1");
  await temp.write("b", "2");
  await files.rename(`${temp.path}/a`, `${temp.path}/b`);
  assertEquals([await temp.list(), await temp.read("b")], [["b"], "1"]);
  await files.remove(`${temp.path}/b`);
  await files.remove(`${temp.path}/b`);
  assertEquals(await temp.list(), []);
});

test("currentTerminal().files.removeFolder() removes nothing but an empty folder", async () => {
  await using temp = await tempFolder();
  await temp.write("file", "1");
  await temp.folder("full");
  await temp.write("full/file", "1");
  await temp.folder("empty");
  await files.removeFolder(`${temp.path}/empty`);
  for (const path of ["file", "full", "empty"]) {
    await assertRejects(() => files.removeFolder(`${temp.path}/${path}`), Error);
  }
  assertEquals(await temp.list(), ["file", "full/", "full/file"]);
});

test("currentTerminal().files.lines() reads a file of many chunks, and can stop early", async () => {
  await using temp = await tempFolder();
  const expected = Array.from({ length: 20_000 }, (_, index) => `https://example.com/${index}.json`);
  await temp.write("urls", expected.join("\n"));
  assertEquals(await Array.fromAsync(files.lines(`${temp.path}/urls`, never)), expected);
  for await (const line of files.lines(`${temp.path}/urls`, never)) {
    assertEquals(line, expected[0]);
    break;
  }
});

test("currentTerminal().files.lines() throws for a file that isn't there", async () => {
  await using temp = await tempFolder();
  await assertRejects(() => Array.fromAsync(files.lines(`${temp.path}/missing`, never)), Error);
});

test("currentTerminal().files.lines() and read() find nothing in a device that has nothing", async () => {
  assertEquals(await Array.fromAsync(files.lines("/dev/null", never)), []);
  assertEquals(await Array.fromAsync(files.read("/dev/null")), []);
  for await (const chunk of files.read("/dev/zero")) {
    assertEquals([chunk.length > 0, chunk[0]], [true, 0]);
    break;
  }
});

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

test("currentTerminal().files.open() writes at the end, and a new file only where there is none", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/a`;
  const first = await files.open(path, "new");
  await first.write(text("one,"));
  await first.write(text("two,"));
  await first.close();
  const second = await files.open(path, "append");
  await second.write(text("three"));
  await second.close();
  assertEquals([await temp.read("a"), await files.size(path)], ["one,two,three", 13]);
  await temp.link("link", `${temp.path}/target`);
  await assertRejects(() => files.open(path, "new"), Error);
  await assertRejects(() => files.open(`${temp.path}/link`, "new"), Error);
  assertEquals(await files.size(`${temp.path}/missing`), undefined);
});

test("currentTerminal().files.read() and truncate() read a file of many chunks, and cut it", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/a`;
  await temp.write("a", "x".repeat(1_000_000));
  let bytes = 0;
  for await (const chunk of files.read(path)) bytes += chunk.length;
  assertEquals(bytes, 1_000_000);
  for await (const chunk of files.read(path)) {
    assertEquals(chunk.length > 0, true);
    break;
  }
  await files.truncate(path, 3);
  assertEquals(await temp.read("a"), "xxx");
});

test("currentTerminal() knows a terminal without escape sequences by its name", async () => {
  const { default: process } = await import("node:process");
  const before = process.env.TERM;
  try {
    for (const [name, isDumb] of [["dumb", true], ["xterm-256color", false], ["", false]] as const) {
      process.env.TERM = name;
      const terminal = currentTerminal();
      assertEquals([terminal.isDumb, terminal.noColor || !isDumb], [isDumb, true], name);
    }
  } finally {
    if (before === undefined) delete process.env.TERM;
    else process.env.TERM = before;
  }
});

test("currentTerminal().descriptorLimit() is a number, or nothing where nobody knows", async () => {
  const limit = await (currentTerminal()).descriptorLimit();
  assertEquals(limit === undefined || limit > 0, true, String(limit));
});

test("currentTerminal() adds no listener to the streams of the process but the first time", () => {
  const listeners = () => [process.stdout, process.stderr].map((stream) => stream.listenerCount("error"));
  currentTerminal();
  const before = listeners();
  currentTerminal();
  assertEquals(listeners(), before);
});

testElsewhere("currentTerminal() says which runtimes have one, on Node and on an old Bun", async () => {
  await asIn(NODE_GLOBALS, () => {
    assertThrows(() => currentTerminal(), TypeError, "this runtime is neither Deno nor Bun");
  });
  await asIn({ ...NODE_GLOBALS, Bun: {}, process: NODE_22 }, () => {
    assertThrows(() => currentTerminal(), TypeError, "this Bun is older than 1.2.6");
  });
});

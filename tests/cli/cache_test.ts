import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { main } from "../../src/cli/main.ts";
import { entryOf } from "../support/cache_entries.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function cache(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = new FakeTerminal();
  const code = await main(["cache", ...args], terminal);
  return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

async function fill(dir: string): Promise<void> {
  const adapter = filesystemCache(dir);
  await adapter.set("a", entryOf("a", { key: "a" }));
  await adapter.set("b", entryOf("b", { key: "b", removeAt: 1 }));
}

test("slipstream cache stats shows what is in a folder, and changes nothing", async () => {
  await using temp = await tempFolder();
  await fill(temp.path);
  const before = await temp.list();
  const { code, stdout, stderr } = await cache("stats", `${temp.path}/`);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /\n {2}fresh +1 +\d+ B\n {2}stale +0 +0 B\n {2}expired +1 .*\n {2}all +2 /);
  assertMatch(stdout, /\n {2}https:\/\/a\.test +2 .* 1 +0 +1\n$/);
  assertEquals(await temp.list(), before);
});

test("slipstream cache clear removes entries and nothing else, and may be repeated", async () => {
  await using temp = await tempFolder();
  await fill(temp.path);
  await temp.write("notes.txt", "mine");
  const { code, stdout, stderr } = await cache("clear", temp.path);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Removed 2 entries, \d+ B freed\n$/);
  assertEquals(await temp.list(), ["notes.txt"]);
  // The folder no longer shows that it was a cache.
  assertEquals((await cache("clear", temp.path)).code, 2);
  await using empty = await tempFolder();
  assertEquals(await cache("clear", empty.path), {
    code: 0,
    stdout: "Removed 0 entries, 0 B freed\n",
    stderr: "",
  });
});

test("slipstream cache clear counts what it removes, and not entries that come meanwhile", async () => {
  await using temp = await tempFolder();
  await fill(temp.path);
  const adapter = filesystemCache(temp.path);
  const write = async (): Promise<void> => {
    for (let key = 0; key < 100; key++) await adapter.set(`${key}`, entryOf("c", { key: `${key}` }));
  };
  const [{ code, stdout }] = await Promise.all([cache("clear", temp.path), write()]);
  assertEquals(code, 0);
  assertMatch(stdout, /^Removed \d+ (entry|entries), \d.* freed\n/);
});

test("slipstream cache sweep removes useless entries, and reports what is left", async () => {
  await using temp = await tempFolder();
  await fill(temp.path);
  const { code, stdout } = await cache("sweep", temp.path);
  assertEquals(code, 0);
  assertMatch(stdout, /^Removed 1 entry, \d+ B freed, 1 entry of \d+ B left\n$/);
  assertMatch((await cache("sweep", temp.path)).stdout, /^Removed 0 entries, 0 B freed, 1 entry of /);
});

for (const action of ["stats", "clear", "sweep"]) {
  test(`slipstream cache ${action} finds nothing before anything has been stored, and creates no folder`, async () => {
    await using temp = await tempFolder();
    for (
      const [name, shown] of [["none", "none"], ["a/b/", "a/b"], ["\u{1f600}\n'", "\u{1f600} '"]] as const
    ) {
      const stdout = `Nothing is kept in ${temp.path}/${shown}\n`;
      assertEquals(await cache(action, `${temp.path}/${name}`), { code: 0, stdout, stderr: "" });
    }
    assertEquals(await temp.list(), []);
  });

  test(`slipstream cache ${action} refuses a folder that is no cache, and changes nothing in it`, async () => {
    await using temp = await tempFolder();
    await temp.write("file", "mine");
    await temp.folder("photos/v1/2024");
    await temp.write(`photos/v1/2024/${"0".repeat(62)}`, "mine");
    await temp.link("nowhere", `${temp.path}/none`);
    await temp.link("linked", `${temp.path}/file`);
    const before = await temp.list();
    for (
      const [name, message] of [
        ["file", "as it is a file, and no folder"],
        ["photos", "as it is not the folder of a cache"],
        [".", "as it is not the folder of a cache"],
      ] as const
    ) {
      const { code, stdout, stderr } = await cache(action, `${temp.path}/${name}`);
      assertEquals([code, stdout], [2, ""], name);
      assertStringIncludes(stderr, message);
      assertStringIncludes(stderr, "\nUsage: slipstream cache ");
    }
    for (const name of ["nowhere", "linked", "x".repeat(5_000), "file/below"]) {
      const { code, stdout } = await cache(action, `${temp.path}/${name}`);
      assertEquals([code === 0, stdout], [false, ""], name);
    }
    assertEquals(await temp.list(), before);
  });
}

const WRONG: readonly (readonly [message: string, ...args: string[]])[] = [
  ["'cache' takes 'stats', 'clear' or 'sweep', and a folder"],
  ["'cache' takes 'stats', 'clear' or 'sweep': received \"drop\"", "drop", "x"],
  ["'cache' takes 'stats', 'clear' or 'sweep': received \"toString\"", "toString", "x"],
  ["'cache clear' takes one folder: received 0 of them", "clear"],
  ["'cache clear' takes one folder: received 0 of them", "clear", ""],
  ["'cache stats' takes one folder: received 2 of them", "stats", "a", "b"],
  ["Unknown flag: --force", "clear", "--force", "x"],
  ["'cache stats --f1' takes no folder", "stats", "--f1", "x"],
];

for (const [message, ...args] of WRONG) {
  test(`slipstream cache ${args.map((arg) => arg || "''").join(" ")} is wrong usage`, async () => {
    const { code, stdout, stderr } = await cache(...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `slipstream: ${message}\n`);
  });
}

test("slipstream cache --help shows its actions on stdout", async () => {
  const { code, stdout, stderr } = await cache("--help");
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Usage: slipstream cache <stats|clear|sweep> <DIR> [flags]");
});

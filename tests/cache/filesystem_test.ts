import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createClient } from "../../mod.ts";
import { filesystemCache, type FilesystemCacheOptions } from "../../src/cache/filesystem.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { entryOf } from "../support/cache_entries.ts";

test("filesystemCache() keeps entries in a folder given as a path or as a URL, for any later instance", async () => {
  await using folder = await tempFolder();
  const dir = `${folder.path}/a cache/é`;
  const url = new URL(`file://${folder.path}/a%20cache/%C3%A9/`);
  await filesystemCache(dir).set("a", entryOf(5));
  assertEquals(await filesystemCache(url).get("a"), entryOf(5));
  assertEquals(await filesystemCache(`${dir}//`).get("a"), entryOf(5));
  assertEquals((await folder.list()).slice(0, 3), ["a cache/", "a cache/é/", "a cache/é/v1/"]);
});

test("filesystemCache() has default bounds, and keeps to given ones", async () => {
  await using folder = await tempFolder();
  assertEquals(filesystemCache(folder.path).maxEntryBytes, 16 * 1024 * 1024);
  assertEquals(filesystemCache(folder.path, { maxBytes: 1_000 }).maxEntryBytes, 1_000);
  const cache = filesystemCache(folder.path, { maxEntryBytes: 1_000 });
  assertEquals([await cache.set("a", entryOf(1_001)), await cache.set("a", entryOf(10))], [false, true]);
});

test("filesystemCache() takes the time from 'now'", async () => {
  await using folder = await tempFolder();
  let now = 0;
  const cache = filesystemCache(folder.path, { now: () => now });
  await cache.set("a", entryOf(5, { removeAt: 100 }));
  now = 99;
  assertEquals((await cache.get("a"))?.body.length, 5);
  now = 100;
  assertEquals(await cache.get("a"), undefined);
});

test("filesystemCache() refuses a value that is no folder", () => {
  for (const dir of ["", "a\0b", undefined, null, 5, {}, new URL("https://a.test/b")]) {
    const message = "Cannot create filesystem cache as 'dir' must be a path or a file URL: received ";
    assertThrows(() => filesystemCache(dir as string), TypeError, message);
  }
  assertThrows(() => filesystemCache(new URL("file:///a%2Fb")), TypeError);
});

test("filesystemCache() refuses bad options, before it touches any file", async () => {
  await using folder = await tempFolder();
  const open = (options: object) => () => filesystemCache(folder.path, options as FilesystemCacheOptions);
  for (const name of ["maxBytes", "maxEntryBytes"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      const rule = `'${name}' must be a positive integer: received ${value}`;
      assertThrows(open({ [name]: value }), RangeError, `Cannot create filesystem cache as ${rule}`);
    }
    for (const value of ["5", null, {}]) {
      assertThrows(open({ [name]: value }), TypeError, `'${name}' must be`);
    }
    assert(open({ [name]: undefined })().maxEntryBytes > 0);
  }
  const unknown = "Cannot create filesystem cache as 'maxEntries' is not an option";
  assertThrows(open({ maxEntries: 5 }), TypeError, unknown);
  for (const name of ["now", "random"]) {
    for (const value of [5, null, "now", {}]) {
      assertThrows(open({ [name]: value }), TypeError, `'${name}' must be a function: received`);
    }
  }
  for (const [options, received] of [[null, "null"], [5, "5"], ["a", "a string"]]) {
    const message = `Cannot create filesystem cache as the options must be an object: received ${received}`;
    assertThrows(open(options as unknown as object), TypeError, message);
  }
  assertEquals(await folder.list(), []);
});

test("createClient() with filesystemCache() fetches each file once, also in another client", async () => {
  await using folder = await tempFolder();
  let requests = 0;
  const load = async (path: string) => {
    await using client = createClient({
      cache: planOf({ adapter: filesystemCache(folder.path), ttlMs: 60_000 }),
      fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
    });
    return await client.json(`https://a.test/${path}`);
  };
  assertEquals([await load("a"), await load("b"), await load("a"), await load("b")], [[1], [2], [1], [2]]);
});

test("createClient() with filesystemCache() goes on without a folder, and warns once for each operation", async () => {
  await using folder = await tempFolder();
  await folder.write("file", "of the user");
  const warnings: string[] = [];
  let requests = 0;
  const client = createClient({
    cache: planOf({ adapter: filesystemCache(`${folder.path}/file`), ttlMs: 60_000 }),
    fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
  });
  client.on((event) => {
    if (event.type === "warning") warnings.push(event.message);
  });
  for (let count = 1; count <= 3; count++) {
    assertEquals(await client.json(`https://a.test/${count}`), [count]);
  }
  await client.close();
  assertEquals(warnings.map((message) => /failed to (\w+)/.exec(message)?.[1]), ["get", "set"]);
  assertEquals(await folder.list(), ["file"]);
});

test("filesystemCache() keeps no process alive, and leaves no file open", async () => {
  await using folder = await tempFolder();
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const program = "tests/support/cache_once.ts";
  const { execPath } = (globalThis as unknown as { process: { execPath: string } }).process;
  let args = ["run", "--quiet", "--allow-all", "--no-check", program, `${folder.path}/cache`];
  if (runtime === "bun") {
    await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", `${folder.path}/once.js`]);
    args = [`${folder.path}/once.js`, `${folder.path}/cache`];
  }
  const { stdout } = await promisify(execFile)(execPath, args);
  assertEquals(stdout.trim(), "true 1000");
});

if (runtime === "deno") {
  test("filesystemCache() rejects without permissions, and reads with the read permission alone", async () => {
    await using folder = await tempFolder();
    await filesystemCache(folder.path).set("a", entryOf(5));
    for (
      const [permission, expected] of [["--allow-read", "NotCapable 5"], [
        "--allow-env",
        "NotCapable NotCapable",
      ]]
    ) {
      const { execFile } = await import("node:child_process");
      const { promisify } = await import("node:util");
      const { execPath } = (globalThis as unknown as { process: { execPath: string } }).process;
      const program = "tests/support/cache_denied.ts";
      const args = ["run", "--quiet", "--no-prompt", "--no-check", permission!, program, folder.path];
      const { stdout } = await promisify(execFile)(execPath, args);
      assertEquals(stdout.trim(), expected);
    }
  });
} else {
  test("filesystemCache() rejects in a folder that it may not write, and reads from it", async () => {
    await using folder = await tempFolder();
    await filesystemCache(folder.path).set("a", entryOf(5));
    // A folder that no process may create.
    await assertRejects(async () => await filesystemCache("/proc/slipstream-test").set("a", entryOf(5)));
    assertEquals(await filesystemCache(folder.path).get("a"), entryOf(5));
  });
}

test("filesystemCache() keeps a ledger of its writes beside the entries, and clear() removes that too", async () => {
  await using folder = await tempFolder();
  const cache = filesystemCache(folder.path, { maxBytes: 10_000 });
  for (const key of ["a", "b", "c"]) await cache.set(key, entryOf(1_000));
  const accounts = async () => (await folder.list()).filter((path) => /^v1\/ledger\/./.test(path)).length;
  assertEquals([await accounts(), await cache.sweep?.(), await accounts()], [
    1,
    { removed: 0, freedBytes: 0 },
    1,
  ]);
  assertEquals(await filesystemCache(folder.path).get("a"), entryOf(1_000));
  await cache.clear?.();
  assertEquals(await folder.list(), []);
});

test("filesystemCache() stores without a ledger if another file has the ledger's name", async () => {
  await using folder = await tempFolder();
  await folder.folder("v1");
  await folder.write("v1/ledger", "mine");
  const cache = filesystemCache(folder.path, { maxBytes: 10_000 });
  for (let key = 0; key < 20; key++) assertEquals(await cache.set(`${key}`, entryOf(1_000)), true);
  assertEquals((await cache.get("19"))?.body.length, 1_000);
  await cache.clear?.();
  assertEquals([await folder.list(), await folder.read("v1/ledger")], [["v1/", "v1/ledger"], "mine"]);
});

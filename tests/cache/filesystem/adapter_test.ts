import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CacheEntry } from "../../../src/cache/cache.ts";
import { FilesystemCache, type FilesystemCacheSetup } from "../../../src/cache/filesystem/adapter.ts";
import { nameOf } from "../../../src/cache/filesystem/entry_name.ts";
import { sha256 } from "../../../src/cache/sha256.ts";
import type { Files } from "../../../src/runtime/files/contract.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import { entryOf } from "../../support/cache_entries.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

/** Creates a cache in a new folder, over a file system that a test may break, with a clock that stands still. */
async function setUp(options: Partial<FilesystemCacheSetup> = {}) {
  const folder = await tempFolder();
  const time = { now: START_MS };
  const calls: string[] = [];
  const broken: Partial<Files> = {};
  const files = new Proxy(currentFiles(), {
    get: (target, name: keyof Files) => {
      calls.push(name);
      return broken[name] ?? target[name];
    },
  });
  const setup = { files, dir: folder.path, maxBytes: 1e9, maxEntryBytes: 1e7, random: () => 0.5 };
  const open = (other: Partial<FilesystemCacheSetup> = {}) =>
    new FilesystemCache({ ...setup, now: () => time.now, ...options, ...other });
  const { shard, name } = nameOf("a");
  const list = async () => (await folder.list()).filter((path) => !path.endsWith("/"));
  return { folder, time, calls, broken, open, cache: open(), path: `v1/${shard}/${name}`, list };
}

const rejectWith = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

test("FilesystemCache returns stored entries, also to another instance, and nothing under other keys", async () => {
  const { folder, cache, open, path, list } = await setUp();
  await using _ = folder;
  const entry = entryOf(new Uint8Array(1_000).fill(5), {
    headers: [["content-type", "a/b"]],
    vary: [["accept", null]],
  });
  assertEquals([await cache.set("a", entry), await cache.get("a"), await cache.get("b")], [
    true,
    entry,
    undefined,
  ]);
  assertEquals([await open().get("a"), await list()], [entry, [path]]);
  assertEquals([cache.name, cache.maxEntryBytes], ["filesystem", 1e7]);
});

test("FilesystemCache touches no file before its first operation", async () => {
  const { folder, calls } = await setUp();
  await using _ = folder;
  assertEquals([calls, await folder.list()], [[], []]);
});

test("FilesystemCache creates nothing when it is read, swept or cleared", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  assertEquals([await cache.get("a"), await cache.delete("a"), await cache.clear()], [
    undefined,
    false,
    undefined,
  ]);
  assertEquals([await cache.sweep(), await folder.list()], [{ removed: 0, freedBytes: 0 }, []]);
});

test("FilesystemCache.set() stores the bytes as they were when it was called", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  const entry = entryOf(100_000);
  const headers: [string, string][] = [["x", "1"]];
  const stored = cache.set("a", { ...entry, meta: { ...entry.meta, headers } });
  entry.body.fill(9);
  headers.push(["y", "2"]);
  await stored;
  assertEquals(await cache.get("a"), { ...entryOf(100_000), meta: { ...entry.meta, headers: [["x", "1"]] } });
});

test("FilesystemCache.get() gives each caller bytes of its own", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  const entry = () => entryOf(new Uint8Array(10).fill(1));
  await cache.set("a", entry());
  const [first, second] = await Promise.all([cache.get("a"), cache.get("a")]) as [CacheEntry, CacheEntry];
  first.body.fill(9);
  (first.meta as { url: string }).url = "changed";
  assertEquals([second, await cache.get("a")], [entry(), entry()]);
});

test("FilesystemCache.get() gives undefined without a look to a caller that has lost interest", async () => {
  const { folder, cache, calls } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(1));
  calls.length = 0;
  assertEquals([await cache.get("a", { signal: AbortSignal.abort() }), calls], [undefined, []]);
});

test("FilesystemCache.get() treats a damaged or foreign file as a miss, removes it, and set() refills it", async () => {
  const { folder, cache, path, list } = await setUp();
  await using _ = folder;
  const fs = await import("node:fs/promises");
  await cache.set("a", entryOf(1_000));
  const good = await fs.readFile(`${folder.path}/${path}`);
  const flipped = Uint8Array.from(good);
  flipped[good.length - 1]! ^= 1;
  const damaged = [
    ...[flipped, good.subarray(0, -1), good.subarray(0, 16), new Uint8Array(0), new Uint8Array(good.length)],
    ...[new TextEncoder().encode("<!doctype html>"), Uint8Array.from([...good, 0])],
    Uint8Array.from(good, (byte, index) => index === 3 ? byte + 1 : byte),
  ];
  for (const bytes of damaged) {
    await fs.writeFile(`${folder.path}/${path}`, bytes);
    assertEquals([await cache.get("a"), await list()], [undefined, []]);
    assertEquals([await cache.set("a", entryOf(5)), await cache.get("a")], [true, entryOf(5)]);
  }
});

test("FilesystemCache.get() treats an entry of another version as a miss, and removes it", async () => {
  const { folder, cache, list } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5, { v: 2 as unknown as 1 }));
  assertEquals([await cache.get("a"), await list()], [undefined, []]);
});

test("FilesystemCache.get() treats an expired entry as a miss, and removes it", async () => {
  const { folder, cache, time, list } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5, { removeAt: START_MS + 100 }));
  time.now += 99;
  assertEquals((await cache.get("a"))?.body.length, 5);
  time.now += 1;
  assertEquals([await cache.get("a"), await list()], [undefined, []]);
});

test("FilesystemCache keeps any key inside its folder", async () => {
  const { folder, cache, list } = await setUp();
  await using _ = folder;
  const keys = [
    ...[
      "",
      "..",
      "../../escape",
      "..%2f..%2fescape",
      "/etc/x",
      "\0",
      "a\0",
      "CON",
      "a.",
      "foo",
      "foo/bar",
      "?id=1",
    ],
    ...["?id=2", "é", "e\u0301", "🏎", "\ud800", "\ud801", "\ufffd", "x".repeat(8_000), "日".repeat(3_000)],
    ...[sha256("a"), sha256("a").toUpperCase(), sha256('"a"'), "a"],
  ];
  for (const [index, key] of keys.entries()) {
    assertEquals(await cache.set(key, entryOf(index, { key })), true);
  }
  for (const [index, key] of keys.entries()) assertEquals(await cache.get(key), entryOf(index, { key }));
  const files = await list();
  assertEquals(files.length, keys.length);
  assert(files.every((file) => /^v1\/[0-9a-f]{2}\/[0-9a-f]{62}k?$/.test(file)), files.join());
});

test("FilesystemCache gives other users no access", async () => {
  const { folder, open, path } = await setUp();
  await using _ = folder;
  await open({ dir: `${folder.path}/new/cache` }).set("a", entryOf(5));
  const fs = await import("node:fs/promises");
  const modes = ["new", "new/cache", "new/cache/v1", `new/cache/${path.slice(0, 5)}`, `new/cache/${path}`]
    .map(async (name) => (await fs.stat(`${folder.path}/${name}`)).mode & 0o777);
  assertEquals(await Promise.all(modes), [0o700, 0o700, 0o700, 0o700, 0o600]);
});

test("FilesystemCache never holds more than maxBytes, whatever is stored, replaced and removed", async () => {
  const maxBytes = 20_000;
  const { folder, cache, time } = await setUp({ maxBytes, maxEntryBytes: 6_000 });
  await using _ = folder;
  const random = seededRandom(4);
  const sizeOf = async () => {
    const fs = await import("node:fs/promises");
    const files = (await folder.list()).filter((path) => !path.endsWith("/"));
    const sizes = await Promise.all(files.map((path) => fs.stat(`${folder.path}/${path}`)));
    return sizes.reduce((sum, { size }) => sum + size, 0);
  };
  for (let step = 0; step < 400; step++) {
    time.now += 1_000;
    const key = `${Math.floor(random() * 40)}`;
    if (random() < 0.1) await cache.delete(key);
    else if (random() < 0.3) await cache.get(key);
    else {
      const size = Math.floor(random() * 7_000);
      const isStored = await cache.set(key, entryOf(size));
      // Between these sizes it depends on the size of the metadata.
      if (size <= 5_700 || size > 6_000) assertEquals(isStored, size <= 5_700);
    }
    if (step % 10 === 0) assert(await sizeOf() <= maxBytes, `${await sizeOf()} bytes after step ${step}`);
  }
  assertEquals((await cache.sweep()).removed, 0);
  assert(await sizeOf() > maxBytes / 2, `${await sizeOf()}`);
});

test("FilesystemCache.set() refuses an entry that is too large, and keeps the others", async () => {
  const { folder, cache, open, list } = await setUp({ maxEntryBytes: 2_000 });
  await using _ = folder;
  await cache.set("a", entryOf(1_000));
  const headers: [string, string][] = [["x", "y".repeat(1_900)]];
  const results = [entryOf(2_001), entryOf(1_990), entryOf(1, { headers })].map((entry) =>
    cache.set("a", entry)
  );
  assertEquals(await Promise.all(results), [false, false, false]);
  assertEquals([(await cache.get("a"))?.body.length, (await list()).length], [1_000, 1]);
  assertEquals(open({ maxBytes: 100 }).maxEntryBytes, 100);
});

test("FilesystemCache evicts the entry that was not used for longest, to the minute", async () => {
  const { folder, open, time } = await setUp();
  await using _ = folder;
  const cache = open({ maxBytes: 4_000 });
  for (const key of ["a", "b", "c"]) {
    await cache.set(key, entryOf(1_000));
    time.now += MINUTE_MS;
  }
  await cache.get("a");
  await cache.set("d", entryOf(1_000));
  const keys = ["a", "b", "c", "d"];
  const held = await Promise.all(keys.map(async (key) => await open().get(key) !== undefined));
  assertEquals(keys.filter((_, index) => held[index]), ["a", "c", "d"]);
});

test("FilesystemCache.get() marks an entry as used once a minute", async () => {
  const { folder, cache, open, calls, time } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  const touches = async (by = cache) => {
    calls.length = 0;
    await by.get("a");
    return calls.filter((call) => call === "touch").length;
  };
  assertEquals(await touches(), 0);
  time.now += MINUTE_MS - 1;
  assertEquals(await touches(), 0);
  time.now += 1;
  assertEquals([await touches(), await touches()], [1, 0]);
  // Another process sees that the entry is already marked.
  const other = open();
  assertEquals([await touches(other), await touches(other)], [0, 0]);
  time.now += MINUTE_MS;
  assertEquals([await touches(other), await touches(other)], [1, 0]);
});

test("FilesystemCache.get() marks an entry after its answer if the caller waits for the mark", async () => {
  const { folder, cache, broken, time } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  time.now += MINUTE_MS;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  broken.touch = () => promise;
  const waiting: Promise<void>[] = [];
  assertEquals(await cache.get("a", { waitUntil: (work) => waiting.push(work) }), entryOf(5));
  resolve(true);
  assertEquals(await Promise.all(waiting), [undefined]);
});

test("FilesystemCache.get() checks a folder once a minute for all of its entries", async () => {
  const { folder, calls, open, time } = await setUp();
  await using _ = folder;
  const keys = [1, 2, 3].map((digit) => `ab${`${digit}`.repeat(62)}`);
  for (const key of keys) await open().set(key, entryOf(5));
  const cache = open();
  const looks = async (key: string) => {
    calls.length = 0;
    await cache.get(key);
    return calls.filter((call) => call === "info").length;
  };
  assertEquals([await looks(keys[0]!), await looks(keys[1]!)], [3, 1]);
  time.now += MINUTE_MS;
  assertEquals([await looks(keys[2]!), await looks(keys[1]!)], [3, 1]);
});

test("FilesystemCache.delete() says whether there was an entry", async () => {
  const { folder, cache, list } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  assertEquals([await cache.delete("a"), await cache.delete("a"), await list()], [true, false, []]);
});

test("FilesystemCache handles operations on one key in order, also if they are not awaited", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  for (let round = 0; round < 10; round++) {
    await Promise.all([...Array(20).keys()].map((size) => cache.set("a", entryOf(size))));
    assertEquals((await cache.get("a"))?.body.length, 19);
    await Promise.all([cache.set("a", entryOf(5)), cache.delete("a")]);
    assertEquals(await cache.get("a"), undefined);
    await Promise.all([cache.set("a", entryOf(5)), cache.set("a", entryOf(6)), cache.clear()]);
    assertEquals(await cache.get("a"), undefined);
  }
});

test("FilesystemCache.clear() removes the entries, and no files of the user", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  for (const key of ["a", "b", "c"]) await cache.set(key, entryOf(5));
  for (const name of ["notes.txt", "v1/notes.txt"]) await folder.write(name, "");
  await cache.clear();
  assertEquals(await folder.list(), ["notes.txt", "v1/", "v1/notes.txt"]);
  assertEquals([await cache.set("a", entryOf(5)), await cache.get("a")], [true, entryOf(5)]);
});

test("FilesystemCache.set() creates its folders again when they have been removed", async () => {
  const { folder, cache } = await setUp();
  await using _ = folder;
  const fs = await import("node:fs/promises");
  await cache.set("a", entryOf(5));
  await fs.rm(`${folder.path}/v1`, { recursive: true });
  assertEquals([await cache.set("a", entryOf(6)), (await cache.get("a"))?.body.length], [true, 6]);
});

for (const [step, clock] of [["touch", "own"], ["rename", "own"], ["rename", "file system's"]] as const) {
  test(`FilesystemCache.set() by its ${clock} clock stores what another process clears away before ${step}`, async () => {
    const { folder, cache, broken, open } = await setUp(clock === "own" ? {} : { now: undefined });
    await using _ = folder;
    let writes = 0;
    const clearOnce = async (path: string): Promise<void> => {
      if (path.endsWith(".tmp") && ++writes === 1) await open().clear();
    };
    const { touch, rename } = currentFiles();
    if (step === "touch") {
      broken.touch = async (path, atMs) => (await clearOnce(path), await touch(path, atMs));
    } else broken.rename = async (from, to) => (await clearOnce(from), await rename(from, to));
    assertEquals([await cache.set("a", entryOf(5)), writes], [true, 2]);
    assertEquals((await open().get("a"))?.body.length, 5);
    assertEquals((await folder.list()).filter((path) => path.endsWith(".tmp")), []);
  });
}

test("FilesystemCache.set() gives up on folders that vanish again and again", async () => {
  const { folder, cache, broken } = await setUp();
  await using _ = folder;
  broken.rename = () => Promise.resolve(false);
  await assertRejects(() => cache.set("a", entryOf(5)), Error, "keeps vanishing");
  assertEquals((await folder.list()).filter((path) => path.endsWith(".tmp")), []);
});

test("FilesystemCache.sweep() removes expired, damaged and outdated entries, and no files of others", async () => {
  const { folder, cache, time, path } = await setUp();
  await using _ = folder;
  const long: [string, string][] = [["x", "y".repeat(10_000)]];
  await cache.set("good", entryOf(500, { removeAt: START_MS + 200 }));
  await cache.set("good and long", entryOf(500, { headers: long }));
  await cache.set("expired", entryOf(500, { removeAt: START_MS + 100 }));
  await cache.set("expired and long", entryOf(500, { headers: long, removeAt: START_MS + 100 }));
  await cache.set("other version", entryOf(5, { v: 2 as unknown as 1 }));
  await cache.set("a", entryOf(5));
  await folder.write(path, "SLC1 too short");
  await folder.folder("v1/00");
  await folder.link(`v1/00/${"0".repeat(62)}`, "/dev/zero");
  await folder.write(`v1/00/${"1".repeat(62)}`, "of somebody who keeps files by their SHA-256");
  await folder.write("v1/00/notes.txt", "of the user");
  time.now += 100;

  const { removed, freedBytes } = await cache.sweep();
  assertEquals([removed, freedBytes > 11_000], [4, true]);
  const keys = ["good", "good and long", "expired", "expired and long", "other version", "a"];
  const held = await Promise.all(keys.map(async (key) => await cache.get(key) !== undefined));
  assertEquals(held, [true, true, false, false, false, false]);
  assertEquals(await folder.read("v1/00/notes.txt"), "of the user");
  assertEquals(await folder.read(`v1/00/${"1".repeat(62)}`), "of somebody who keeps files by their SHA-256");
});

test("FilesystemCache.sweep() removes the remains of a crash, but no file that is being written", async () => {
  const { folder, cache, time } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  const temp = (count: number) => `v1/00/00000000-0000-4000-8000-000000000000-${count}.tmp`;
  await folder.folder("v1/00");
  for (const [count, ageMs] of [[1, 11 * MINUTE_MS], [2, 9 * MINUTE_MS]] as const) {
    await folder.write(temp(count), "SLC1");
    await currentFiles().touch(`${folder.path}/${temp(count)}`, time.now - ageMs);
  }
  assertEquals(await cache.sweep(), { removed: 1, freedBytes: 4 });
  assertEquals((await folder.list()).filter((path) => path.endsWith(".tmp")), [temp(2)]);
});

test("FilesystemCache.sweep() enforces the bound", async () => {
  const { folder, cache, open, time } = await setUp();
  await using _ = folder;
  for (let index = 0; index < 10; index++) {
    await cache.set(`${index}`, entryOf(1_000));
    time.now += 1_000;
  }
  assertEquals((await open({ maxBytes: 5_000 }).sweep()).removed, 6);
  const held = await Promise.all(
    [...Array(10).keys()].map(async (n) => await cache.get(`${n}`) !== undefined),
  );
  assertEquals(held, [...Array(6).fill(false), ...Array(4).fill(true)]);
});

test("FilesystemCache leaves nothing of a write for which the disk had no room, and tries again later", async () => {
  const { folder, cache, broken, time, path, list } = await setUp();
  await using _ = folder;
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  await cache.set("a", entryOf(5));
  broken.create = async (temp, bytes) => {
    await currentFiles().create(temp, bytes.subarray(0, bytes.length / 2));
    assertEquals((await list()).length, 2);
    throw full;
  };
  await assertRejects(() => cache.set("a", entryOf(1_000)), Error, full.message);
  assertEquals([await list(), await cache.get("a")], [[path], entryOf(5)]);
  delete broken.create;
  assertEquals([await cache.set("a", entryOf(6)), await cache.get("a")], [false, entryOf(5)]);
  time.now += 10_000;
  assertEquals([await cache.set("a", entryOf(6)), await cache.get("a")], [true, entryOf(6)]);
});

test("FilesystemCache does not pause longer when the clock goes back", async () => {
  const { folder, cache, broken, time } = await setUp();
  await using _ = folder;
  broken.create = rejectWith("ENOSPC");
  await assertRejects(() => cache.set("a", entryOf(5)));
  delete broken.create;
  time.now -= 3_600_000;
  assertEquals(await cache.set("a", entryOf(5)), true);
});

test("FilesystemCache rejects operations that it may not do, and still reads existing entries", async () => {
  for (const code of ["EACCES", "EROFS", "ENOTDIR", "ENOSPC"]) {
    const { folder, cache, broken, time, list } = await setUp();
    await using _ = folder;
    await cache.set("a", entryOf(5, { removeAt: START_MS + MINUTE_MS * 2 }));
    for (const name of ["create", "rename", "remove", "touch", "makeFolder"] as const) {
      broken[name] = rejectWith(code);
    }
    for (const key of ["a", "b"]) {
      await assertRejects(() => cache.set(key, entryOf(5)), Error, code);
      time.now += MINUTE_MS / 2;
    }
    await assertRejects(() => cache.delete("a"), Error, code);
    await assertRejects(() => cache.clear(), Error, code);
    assertEquals((await cache.get("a"))?.body.length, 5);
    time.now += MINUTE_MS * 2;
    // An expired entry that can't be removed is still a miss.
    assertEquals([await cache.get("a"), (await list()).length], [undefined, 1]);
    await assertRejects(() => cache.sweep(), Error, code);
    broken.read = rejectWith(code);
    await assertRejects(() => cache.get("a"), Error, code);
  }
});

test("FilesystemCache treats a damaged file as a miss even if it can't remove it", async () => {
  const { folder, cache, broken, path } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  await folder.write(path, "damaged");
  broken.remove = rejectWith("EROFS");
  assertEquals([await cache.get("a"), await folder.read(path)], [undefined, "damaged"]);
});

test("FilesystemCache rejects if its folder is a file", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  await folder.write("file", "of the user");
  for (const dir of [`${folder.path}/file`, `${folder.path}/file/below`]) {
    const cache = open({ dir });
    await assertRejects(async () => await cache.get("a"));
    await assertRejects(() => cache.set("a", entryOf(5)));
  }
  await folder.write("v1", "of the user");
  await assertRejects(() => open().set("a", entryOf(5)));
  await open().clear();
  assertEquals([await folder.read("file"), await folder.read("v1")], ["of the user", "of the user"]);
});

/** Things that may stand in the place of an entry. */
const OBSTACLES: Readonly<Record<string, (path: string, folder: string) => Promise<unknown>>> = {
  async "a file that is too large"(path) {
    const fs = await import("node:fs/promises");
    // Not all zeros: that would look like an entry that a power loss has left.
    await fs.writeFile(path, "of somebody else");
    await fs.truncate(path, 2 ** 31);
  },
  async "a pipe"(path) {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    await promisify(execFile)("mkfifo", [path]);
  },
  async "a link"(path, folder) {
    const fs = await import("node:fs/promises");
    await fs.symlink(`${folder}/target`, path);
  },
  async "an empty folder"(path) {
    await currentFiles().makeFolder(path);
  },
};

for (const [name, put] of Object.entries(OBSTACLES)) {
  test(`FilesystemCache.get() treats ${name} as a miss without reading it, and removes it`, async () => {
    const { folder, open, broken, time, path, list } = await setUp();
    await using _ = folder;
    const cache = open({ maxEntryBytes: 10_000 });
    await cache.set("a", entryOf(5));
    await folder.write("target", "of somebody else");
    await currentFiles().touch(`${folder.path}/target`, 5_000);
    await currentFiles().remove(`${folder.path}/${path}`);
    await put(`${folder.path}/${path}`, folder.path);
    time.now += MINUTE_MS;
    broken.read = broken.readStart = () => Promise.reject(new Error("read"));
    assertEquals([await cache.get("a"), await folder.list()], [undefined, [
      "target",
      "v1/",
      `v1/${path.slice(3, 5)}/`,
    ]]);
    delete broken.read;
    const info = await currentFiles().info(`${folder.path}/target`);
    assertEquals([info?.modifiedAt, await folder.read("target")], [5_000, "of somebody else"]);
    assertEquals([await cache.set("a", entryOf(6)), await cache.get("a")], [true, entryOf(6)]);
    assertEquals(await list(), ["target", path]);
  });

  test(`FilesystemCache replaces and removes ${name} in the place of an entry`, async () => {
    const { folder, open, broken, path, list } = await setUp();
    await using _ = folder;
    const cache = open({ maxEntryBytes: 10_000 });
    const obstruct = async () => {
      await currentFiles().makeFolder(`${folder.path}/${path.slice(0, 5)}`);
      await currentFiles().remove(`${folder.path}/${path}`);
      await put(`${folder.path}/${path}`, folder.path);
    };
    broken.read = () => Promise.reject(new Error("read"));
    await obstruct();
    assertEquals([await cache.set("a", entryOf(5)), await list()], [true, [path]]);
    await obstruct();
    assertEquals([await cache.delete("a"), await cache.delete("a"), await list()], [true, false, []]);
    await obstruct();
    const before = await folder.list();
    assertEquals([await cache.sweep(), await cache.clear()], [{ removed: 0, freedBytes: 0 }, undefined]);
    assertEquals(await folder.list(), before);
  });
}

test("FilesystemCache.get() checks an entry once a minute, and not again soon after", async () => {
  const { folder, cache, open, calls, time } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  const callsOf = async (by = cache) => {
    calls.length = 0;
    await by.get("a");
    return calls.filter((call) => call !== "crc32").join(" ");
  };
  assertEquals(await callsOf(), "read");
  time.now += MINUTE_MS;
  assertEquals([await callsOf(), await callsOf()], ["info info info touch read", "read"]);
  const other = open();
  assertEquals([await callsOf(other), await callsOf(other)], ["info info info read", "read"]);
  await other.delete("a");
  // An absent entry was not remembered as seen, but its folder was.
  assertEquals([await callsOf(other), await callsOf(other)], ["info", "info"]);
});

test("FilesystemCache.get() checks again when an entry that it has just seen can't be read any more", async () => {
  const { folder, cache, path } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5));
  await currentFiles().remove(`${folder.path}/${path}`);
  await currentFiles().makeFolder(`${folder.path}/${path}`);
  assertEquals([await cache.get("a"), await folder.list()], [undefined, ["v1/", `${path.slice(0, 5)}/`]]);
});

test("FilesystemCache treats a folder with content as a miss, and rejects operations that need its place", async () => {
  const { folder, cache, path, list } = await setUp();
  await using _ = folder;
  await folder.folder(path);
  await folder.write(`${path}/notes.txt`, "of the user");
  const message = "as it is a folder that is not empty";
  for (let count = 0; count < 2; count++) {
    assertEquals(await cache.get("a"), undefined);
    await assertRejects(() => cache.set("a", entryOf(5)), Error, message);
    await assertRejects(() => cache.delete("a"), Error, message);
  }
  for (const key of ["b", "c"]) assertEquals(await cache.set(key, entryOf(5, { removeAt: START_MS })), true);
  assertEquals((await cache.sweep()).removed, 2);
  assertEquals(await list(), [`${path}/notes.txt`]);
  await cache.set("b", entryOf(5));
  await cache.clear();
  assertEquals(await list(), [`${path}/notes.txt`]);
});

for (const link of ["v1", "the entry's folder"]) {
  test(`FilesystemCache follows no link in the place of ${link}, even if there was a folder before`, async () => {
    const { folder, cache, open, time, path } = await setUp();
    await using _ = folder;
    const fs = await import("node:fs/promises");
    await cache.set("a", entryOf(5));
    const from = link === "v1" ? link : path.slice(0, 5);
    await fs.rename(`${folder.path}/${from}`, `${folder.path}/outside`);
    await folder.link(from, `${folder.path}/outside`);
    const before = (await folder.list()).filter((name) => name.startsWith("outside"));
    time.now += MINUTE_MS;
    for (const by of [cache, open()]) {
      assertEquals([await by.get("a"), await by.delete("a")], [undefined, false]);
      await assertRejects(() => by.set("a", entryOf(6)), Error, "as it is no folder");
      assertEquals((await by.sweep()).removed, 0);
      await by.clear();
    }
    assertEquals((await folder.list()).filter((name) => name.startsWith("outside")), before);
  });
}

test("FilesystemCache goes on storing elsewhere when one folder is a file", async () => {
  const { folder, cache, path } = await setUp();
  await using _ = folder;
  await folder.folder("v1");
  await folder.write(path.slice(0, 5), "of the user");
  for (let count = 0; count < 2; count++) {
    await assertRejects(() => cache.set("a", entryOf(5)), Error, "as it is no folder");
    assertEquals([await cache.get("a"), await cache.delete("a")], [undefined, false]);
    assertEquals([await cache.set("b", entryOf(5)), await cache.get("b")], [true, entryOf(5)]);
  }
  assertEquals(await cache.sweep(), { removed: 0, freedBytes: 0 });
  await cache.clear();
  assertEquals(await folder.read(path.slice(0, 5)), "of the user");
});

test("FilesystemCache goes on storing at its bound when the oldest file can't be removed", async () => {
  const { folder, open, broken, time, path } = await setUp();
  await using _ = folder;
  const cache = open({ maxBytes: 3_000 });
  const keys = ["a", "b", "c", "d", "e"];
  broken.remove = (name) => name.endsWith(path) ? rejectWith("EPERM")() : currentFiles().remove(name);
  for (const key of keys) {
    assertEquals(await cache.set(key, entryOf(1_000)), true);
    time.now += 1_000;
  }
  const held = await Promise.all(keys.map(async (key) => await cache.get(key) !== undefined));
  assertEquals(keys.filter((_, index) => held[index]), ["a", "e"]);
});

test("FilesystemCache pauses after a failure that would meet every write, and after no other", async () => {
  const faults: readonly (readonly [name: keyof Files, code: string, at: RegExp, isPaused: boolean])[] = [
    ["create", "ENOSPC", /./, true],
    ["create", "EDQUOT", /./, true],
    ["rename", "EROFS", /./, true],
    ["makeFolder", "EACCES", /v1$/, true],
    // The root folder forbids it.
    ["makeFolder", "EACCES", /v1\/..$/, true],
    ["list", "EACCES", /v1$/, true],
    ["info", "EPERM", /v1$/, true],
    ["create", "EACCES", /./, false],
    ["rename", "EPERM", /./, false],
    ["info", "EACCES", /v1\/..\/./, false],
  ];
  for (const [name, code, at, isPaused] of faults) {
    const { folder, open, broken } = await setUp();
    await using _ = folder;
    if (name !== "makeFolder") await open().set("a", entryOf(5));
    const cache = open();
    const real = currentFiles()[name] as (path: string, ...args: unknown[]) => unknown;
    Object.assign(broken, {
      [name]: (path: string, ...args: unknown[]) => at.test(path) ? rejectWith(code)() : real(path, ...args),
    });
    await assertRejects(() => cache.set("a", entryOf(5)), Error, code);
    delete broken[name];
    assertEquals([name, code, await cache.set("a", entryOf(5))], [name, code, !isPaused]);
  }
});

for (const what of ["expired", "damaged"]) {
  test(`FilesystemCache.get() that has read an entry that is ${what} removes no newer one`, async () => {
    for (const isAwaited of [true, false]) {
      const { folder, cache, broken, path } = await setUp();
      await using _ = folder;
      await cache.set("a", entryOf(5, { removeAt: START_MS }));
      if (what === "damaged") await folder.write(path, "damaged");
      const { promise, resolve } = Promise.withResolvers<void>();
      broken.read = async (name) => {
        const bytes = await currentFiles().read(name);
        await promise;
        return bytes;
      };
      const read = cache.get("a");
      const written = cache.set("a", entryOf(6));
      if (isAwaited) await written;
      delete broken.read;
      resolve();
      assertEquals([await read, await written], [undefined, true]);
      assertEquals(await cache.get("a"), entryOf(6));
    }
  });

  test(`FilesystemCache.get() keeps the entry that another process has stored in place of one that is ${what}`, async () => {
    const { folder, cache, open, broken, path } = await setUp();
    await using _ = folder;
    await cache.set("a", entryOf(5, { removeAt: START_MS }));
    if (what === "damaged") await folder.write(path, "damaged");
    broken.read = async (name) => {
      const bytes = await currentFiles().read(name);
      delete broken.read;
      await open().set("a", entryOf(6));
      return bytes;
    };
    assertEquals([await cache.get("a"), await cache.get("a")], [undefined, entryOf(6)]);
  });
}

test("FilesystemCache.set() waits for the removal of an expired entry", async () => {
  const { folder, cache, broken, path } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5, { removeAt: START_MS }));
  let written: Promise<boolean> | undefined;
  broken.remove = async (name) => {
    delete broken.remove;
    written = cache.set("a", entryOf(6));
    // Takes much longer than a write.
    for (let count = 0; count < 100; count++) await currentFiles().info(`${folder.path}/${path}`);
    return await currentFiles().remove(name);
  };
  assertEquals([await cache.get("a"), await written, await cache.get("a")], [undefined, true, entryOf(6)]);
});

test("FilesystemCache.get() of an expired entry does not wait for a write of it", async () => {
  const { folder, cache, broken } = await setUp();
  await using _ = folder;
  await cache.set("a", entryOf(5, { removeAt: START_MS }));
  const { promise, resolve } = Promise.withResolvers<void>();
  broken.create = async (path, bytes) => {
    await promise;
    return await currentFiles().create(path, bytes);
  };
  const written = cache.set("a", entryOf(6));
  assertEquals(await cache.get("a"), undefined);
  resolve();
  assertEquals([await written, await cache.get("a")], [true, entryOf(6)]);
});

test("FilesystemCache.sweep() reads no metadata that are longer than an entry may be", async () => {
  const { folder, open, broken, list } = await setUp();
  await using _ = folder;
  const cache = open({ maxEntryBytes: 10_000 });
  const fs = await import("node:fs/promises");
  const shard = `${folder.path}/v1/00`;
  await fs.mkdir(shard, { recursive: true });
  const header = new DataView(new ArrayBuffer(16));
  for (const [index, word] of [0x31434c53, 2 ** 31 - 16, 0, 0].entries()) {
    header.setUint32(4 * index, word, true);
  }
  await fs.writeFile(`${shard}/${"0".repeat(62)}`, new Uint8Array(header.buffer));
  await fs.truncate(`${shard}/${"0".repeat(62)}`, 2 ** 31);
  const lengths: number[] = [];
  broken.readStart = (path, length) => {
    lengths.push(length);
    return currentFiles().readStart(path, Math.min(length, 10_000));
  };
  assertEquals([(await cache.sweep()).removed, lengths, await list()], [1, [4_096, 16], []]);
});

for (
  const [what, put] of Object.entries<(path: string, bytes: number) => Promise<void>>({
    async empty(path) {
      await (await import("node:fs/promises")).truncate(path, 0);
    },
    async "filled with zeros"(path, bytes) {
      await (await import("node:fs/promises")).writeFile(path, new Uint8Array(bytes));
    },
    async "without its first block"(path, bytes) {
      await (await import("node:fs/promises")).writeFile(
        path,
        new Uint8Array(bytes).fill(7, Math.min(bytes, 4_096)),
      );
    },
  })
) {
  for (const key of ["a", `ab${"5".repeat(62)}`]) {
    test(`FilesystemCache treats an entry that a power loss has left ${what} as its own, under ${key.slice(0, 3)}`, async () => {
      const { folder, cache, open, list } = await setUp();
      await using _ = folder;
      const lose = async () => {
        await cache.set(key, entryOf(5_000));
        const [path] = await list();
        const { bytes = 0 } = await currentFiles().info(`${folder.path}/${path}`) ?? {};
        await put(`${folder.path}/${path}`, bytes);
      };
      await lose();
      assertEquals([await cache.get(key), await list()], [undefined, []]);
      await lose();
      assertEquals([(await cache.sweep()).removed, await list()], [1, []]);
      await lose();
      await cache.clear();
      assertEquals(await list(), []);
      await lose();
      assertEquals([await open().set(key, entryOf(6)), await open().get(key)], [true, entryOf(6)]);
    });
  }
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ByteBound } from "../../../src/cache/filesystem/byte_bound.ts";
import { EntryFolders } from "../../../src/cache/filesystem/entry_folders.ts";
import { SHARDS } from "../../../src/cache/filesystem/entry_name.ts";
import { Ledger } from "../../../src/cache/filesystem/ledger.ts";
import { isStoreFault } from "../../../src/cache/filesystem/store_fault.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import type { Files } from "../../../src/runtime/files/contract.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const NOW_MS = 1_000_000_000;
/** The first bytes of the cache's own files. */
const MAGIC = "SLC1";
const TEMP = "00000000-0000-4000-8000-000000000000-1.tmp";

/** Creates a bound over a real folder, in which the n-th file was used n seconds after the first. */
async function setUp(maxBytes: number) {
  const folder = await tempFolder();
  const calls: string[] = [];
  const stuck = new Set<string>();
  const real = currentFiles();
  const files: Files = {
    ...real,
    list: (path) => {
      if (!path.endsWith("/ledger")) calls.push(path.slice(-2));
      return stuck.has(path.slice(-2)) ? Promise.reject(new Error("EACCES")) : real.list(path);
    },
    remove: (path) => {
      if (!stuck.has(path.slice(-62))) return real.remove(path);
      calls.push(`remove ${Number(path.slice(-62))}`);
      return Promise.reject(new Error("EPERM"));
    },
  };
  const open = () => {
    const root = `${folder.path}/v1`;
    const now = () => NOW_MS;
    const folders = new EntryFolders(files, root);
    const ledger = new Ledger({ files, root, maxBytes, now });
    return { folders, bound: new ByteBound({ folders, ledger, maxBytes, now, random: () => 0.5 }) };
  };
  const { folders, bound } = open();
  const nameOf = (index: number) => ({
    shard: SHARDS[(index * 37) % 256]!,
    name: `${index}`.padStart(62, "0"),
  });
  const put = async (index: number, bytes: number) => {
    const place = nameOf(index);
    await folders.make(place.shard);
    const replaced = await folders.look(place);
    await real.remove(folders.pathOf(place));
    await files.create(folders.pathOf(place), ownBytes(bytes));
    await files.touch(folders.pathOf(place), NOW_MS + index * 1_000);
    return replaced?.bytes ?? 0;
  };
  const write = (index: number, bytes: number, to = bound) => {
    const { shard } = nameOf(index);
    const replacedBytes = async () => (await files.info(folders.pathOf(nameOf(index))))?.bytes ?? 0;
    return to.write({ shard, bytes, replacedBytes }, () => put(index, bytes));
  };
  const left = async () =>
    (await folder.list()).filter((path) => /\/0\d+$/.test(path)).map((path) => Number(path.slice(-62)))
      .sort((a, b) => a - b);
  return { folder, folders, files, bound, calls, stuck, open, put, write, left, nameOf };
}

function ownBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(MAGIC).subarray(0, length));
  return bytes;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test("ByteBound.write() makes room by the least recently used, exactly", async () => {
  const { folder, write, left, files, folders, nameOf } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await write(index, 200);
  await files.touch(folders.pathOf(nameOf(0)), NOW_MS + 99_000);
  await write(5, 200);
  assertEquals(await left(), [0, 2, 3, 4, 5]);
  await write(6, 500);
  assertEquals(await left(), [0, 5, 6]);
});

test("ByteBound.write() counts a replaced file once", async () => {
  const { folder, write, left } = await setUp(1_000);
  await using _ = folder;
  await write(1, 200);
  await write(2, 200);
  for (const size of [100, 300, 200, 400, 100, 500]) {
    for (let count = 0; count < 5; count++) await write(3, size);
  }
  assertEquals(await left(), [1, 2, 3]);
});

test("ByteBound.write() can evict the very file that it replaces", async () => {
  const { folder, write, left } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await write(index, 200);
  await write(0, 400);
  assertEquals(await left(), [0, 2, 3, 4]);
  await write(5, 200);
  assertEquals(await left(), [2, 3, 4, 5]);
  await write(6, 200);
  await write(7, 200);
  assertEquals(await left(), range(3, 8));
});

test("ByteBound.write() counts the bytes that it has actually replaced, if another process was quicker", async () => {
  const { folder, folders, bound, open, put, write, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  await write(1, 200);
  const other = open().bound;
  await write(2, 100, other);
  const { shard } = nameOf(1);
  const file = { shard, bytes: 300, replacedBytes: () => Promise.resolve(200) };
  await bound.write(file, async () => {
    await folders.remove((await folders.find(nameOf(1)))!);
    other.forget(shard, 200);
    await write(3, 100, other);
    return await put(1, 300);
  });
  for (const index of range(4, 9)) await write(index, 90);
  assertEquals(await left(), range(1, 9));
  await write(9, 100);
  assertEquals(await left(), range(2, 10));
});

test("ByteBound.write() keeps to the bound when many write at once", async () => {
  const { folder, write, left } = await setUp(1_000);
  await using _ = folder;
  await Promise.all(range(0, 30).map((index) => write(index, 200)));
  assertEquals(await left(), range(25, 30));
});

test("ByteBound.write() waits for other writes when there is no room beside them", async () => {
  const { folder, bound, put, write, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  const { promise, resolve } = Promise.withResolvers<void>();
  const file = { shard: nameOf(0).shard, bytes: 800, replacedBytes: () => Promise.resolve(0) };
  const first = bound.write(file, () => promise.then(() => put(0, 800)));
  const second = write(1, 800);
  resolve();
  await Promise.all([first, second]);
  assertEquals(await left(), [1]);
});

test("ByteBound.write() first counts the files of other processes", async () => {
  const { folder, put, write, left } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 10)) await put(index, 200);
  await write(10, 200);
  assertEquals(await left(), range(6, 11));
});

test("ByteBound.write() notices what other processes write meanwhile", async () => {
  const { folder, put, write, left } = await setUp(2_000);
  await using _ = folder;
  await write(1_000, 1);
  for (const index of range(0, 30)) await put(index, 200);
  // Each of these writes is too small to be noticed; the folders are scanned one by one.
  for (let count = 0; count < 256 * 16; count++) await write(1_000, 1);
  const bytes = (await left()).length * 200;
  assert(bytes <= 2_600, `${bytes}`);
});

test("ByteBound.write() notices many other processes that write little each", async () => {
  const { folder, open, write, files, folders, nameOf } = await setUp(100_000);
  await using _ = folder;
  await write(0, 500);
  for (const index of range(1, 190)) await write(index, 500, open().bound);
  for (const index of range(190, 390)) await write(index, 500);
  let total = 0;
  for (const index of range(0, 390)) total += (await files.info(folders.pathOf(nameOf(index))))?.bytes ?? 0;
  assert(total <= 110_000, `${total} bytes`);
});

test("ByteBound.write() learns from the ledger what another process has just written, without a scan", async () => {
  const { folder, open, write, files, folders, nameOf } = await setUp(100_000);
  await using _ = folder;
  for (const index of range(0, 128)) await write(index, 500);
  const other = open().bound;
  for (const index of range(128, 200)) await write(index, 500, other);
  // These writes are too few for this process to scan a sample of the folders.
  for (const index of range(200, 218)) await write(index, 500);
  let total = 0;
  for (const index of range(0, 218)) total += (await files.info(folders.pathOf(nameOf(index))))?.bytes ?? 0;
  assert(total <= 106_250, `${total} bytes`);
});

test("ByteBound.write() counts no file that could not be written", async () => {
  const { folder, bound, write, left } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 4)) await write(index, 200);
  const file = { shard: "00", bytes: 200, replacedBytes: () => Promise.resolve(0) };
  for (let count = 0; count < 10; count++) {
    await assertRejects(
      () => bound.write(file, () => Promise.reject(new Error("full"))),
      Error,
      "full",
    );
  }
  await write(4, 200);
  assertEquals(await left(), range(0, 5));
});

test("ByteBound.write() evicts nothing when it finds that another program has made room", async () => {
  const { folder, files, folders, write, left, nameOf } = await setUp(10_000);
  await using _ = folder;
  for (const index of range(0, 50)) await write(index, 200);
  for (const index of range(50, 60)) {
    await files.remove(folders.pathOf(nameOf(index - 1)));
    await write(index, 200);
  }
  assertEquals(await left(), [...range(0, 49), 59]);
});

test("ByteBound.forget() frees the room of a removed file", async () => {
  const { folder, bound, folders, files, put, write, left, nameOf, calls } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 9)) await put(index, 100);
  await write(9, 50);
  await files.remove(folders.pathOf(nameOf(4)));
  bound.forget(nameOf(4).shard, 100);
  calls.length = 0;
  await write(10, 120);
  assertEquals([await left(), calls], [[0, 1, 2, 3, 5, 6, 7, 8, 9, 10], []]);
});

test("ByteBound.write() estimates the growth of a large cache from a few of its folders", async () => {
  const { folder, open, put, write, calls, files, folders, nameOf } = await setUp(100_000);
  await using _ = folder;
  for (const index of range(0, 1_280)) await put(index, 20);
  const { bound } = open();
  await write(3_000, 1_000, bound);
  // By processes that announce nothing: 76,800 bytes now.
  for (const index of range(1_280, 2_560)) await put(index, 40);
  calls.length = 0;
  for (const index of range(3_001, 3_015)) await write(index, 1_000, bound);
  assert(calls.length < 150, `${calls.length} scans`);
  for (const index of range(3_015, 3_025)) await write(index, 1_000, bound);
  let total = 0;
  for (const index of [...range(0, 2_560), ...range(3_000, 3_025)]) {
    total += (await files.info(folders.pathOf(nameOf(index))))?.bytes ?? 0;
  }
  assert(total <= 100_500, `${total} bytes`);
});

test("ByteBound.write() scans little: a sample of a large cache, and now and then a folder", async () => {
  const { folder, put, open, write, calls } = await setUp(10_000_000);
  await using _ = folder;
  for (const index of range(0, 2_560)) await put(index, 10);
  calls.length = 0;
  const { bound } = open();
  await write(5_000, 10, bound);
  // Each folder has ten files, so that a hundred folders hold a thousand.
  assertEquals(calls.filter((name) => name !== "v1").length, 100);
  calls.length = 0;
  for (const index of range(5_001, 5_001 + 32)) await write(index, 10, bound);
  assertEquals(calls.length, 2);
});

test("ByteBound.write() keeps a large cache near its bound without scanning all of it", async () => {
  const maxBytes = 2_560 * 10;
  const { folder, put, open, write, left } = await setUp(maxBytes);
  await using _ = folder;
  for (const index of range(0, 2_600)) await put(index, 10);
  const { bound } = open();
  for (const index of range(2_600, 3_000)) await write(index, 10, bound);
  const kept = await left();
  assert(kept.length * 10 <= 1.02 * maxBytes && kept.length * 10 >= 0.85 * maxBytes, `${kept.length}`);
  // The latest entries are not the ones that are evicted.
  assertEquals(kept.slice(-400), range(2_600, 3_000));
});

test("ByteBound.sweep() removes useless entries, orphans, and the oldest entries above the bound", async () => {
  // One of them is being written by another process.
  const { folder, bound, put, files, left } = await setUp(1_005);
  await using _ = folder;
  for (const index of range(0, 10)) await put(index, 200);
  await folder.write(`v1/00/${TEMP}`, `${MAGIC}5`);
  await files.touch(`${folder.path}/v1/00/${TEMP}`, NOW_MS - 10 * 60_000 - 1_000);
  const young = TEMP.replace("-1.", "-2.");
  await folder.write(`v1/00/${young}`, `${MAGIC}5`);
  await files.touch(`${folder.path}/v1/00/${young}`, NOW_MS - 10 * 60_000 + 1_000);

  const result = await bound.sweep(({ name }) => Promise.resolve(Number(name) > 7));
  assertEquals(result, { removed: 2 + 1 + 3, freedBytes: 5 * 200 + 5 });
  assertEquals(await left(), range(3, 8));
  assertEquals((await folder.list()).filter((path) => path.endsWith(".tmp")), [`v1/00/${young}`]);
  assertEquals(await bound.sweep(() => Promise.resolve(false)), { removed: 0, freedBytes: 0 });
});

test("ByteBound.reset() waits for running writes, and forgets everything", async () => {
  const { folder, bound, folders, write, left } = await setUp(1_000);
  await using _ = folder;
  const writes = range(0, 5).map((index) => write(index, 200));
  const reset = bound.reset(() => folders.clear());
  await Promise.all([...writes, reset]);
  assertEquals(await folder.list(), []);
  for (const index of range(0, 5)) await write(index, 200);
  assertEquals(await left(), range(0, 5));
});

test("ByteBound.write() skips a file that can't be removed, and removes the next oldest", async () => {
  const { folder, stuck, write, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await write(index, 200);
  stuck.add(nameOf(0).name).add(nameOf(2).name);
  await write(5, 200);
  assertEquals(await left(), [0, 2, 3, 4, 5]);
  await write(6, 500);
  assertEquals(await left(), [0, 2, 6]);
});

test("ByteBound.write() rejects with a store fault, and writes nothing, when no file can be removed", async () => {
  const { folder, stuck, write, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await write(index, 200);
  for (const index of range(0, 5)) stuck.add(nameOf(index).name);
  const error = await assertRejects(() => write(5, 200), Error, "EPERM");
  assertEquals([isStoreFault(error), await left()], [true, range(0, 5)]);
  stuck.clear();
  await write(5, 200);
  assertEquals(await left(), range(1, 6));
});

test("ByteBound.write() tries no more files after an error that would meet all of them", async () => {
  const { folder, files, write, left } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await write(index, 200);
  let removals = 0;
  files.remove = () => {
    removals++;
    return Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" }));
  };
  await assertRejects(() => write(5, 200), Error, "read-only");
  assertEquals([removals, await left()], [1, range(0, 5)]);
});

test("ByteBound.write() goes on despite a folder that can't be listed", async () => {
  const { folder, stuck, put, open, write, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 5)) await put(index, 200);
  stuck.add(nameOf(0).shard);
  const { bound } = open();
  for (const index of range(5, 8)) await write(index, 200, bound);
  assertEquals(await left(), [0, ...range(3, 8)]);
});

test("ByteBound.sweep() evicts any number of entries", async () => {
  const root = "/v1";
  const left = new Map<string, Set<string>>(SHARDS.map((shard) => [`${root}/${shard}`, new Set()]));
  for (let index = 0; index < 150_000; index++) {
    left.get(`${root}/${SHARDS[index % 256]!}`)!.add(`${index}`.padStart(62, "0"));
  }
  const files: Files = {
    ...currentFiles(),
    list: (path) => Promise.resolve(path === root ? [...SHARDS] : [...left.get(path) ?? []]),
    info: (path) => {
      const isFolder = path === root || left.has(path);
      return Promise.resolve({ kind: isFolder ? "folder" : "file", bytes: 10, modifiedAt: NOW_MS });
    },
    readStart: () => Promise.resolve(ownBytes(10)),
    remove: (path) => Promise.resolve(left.get(path.slice(0, -63))!.delete(path.slice(-62))),
    removeFolder: () => Promise.resolve(false),
  };
  const folders = new EntryFolders(files, root);
  const ledger = new Ledger({ files, root, maxBytes: 100, now: () => NOW_MS });
  const bound = new ByteBound({ folders, ledger, maxBytes: 100, now: () => NOW_MS, random: () => 0.5 });
  const { removed } = await bound.sweep(() => Promise.resolve(false));
  assertEquals([removed, [...left.values()].reduce((sum, names) => sum + names.size, 0)], [149_990, 10]);
});

test("ByteBound.sweep() does all that it can before it rejects", async () => {
  const { folder, bound, stuck, put, left, nameOf } = await setUp(1_000);
  await using _ = folder;
  for (const index of range(0, 10)) await put(index, 200);
  stuck.add(nameOf(9).name).add(nameOf(0).name);
  const isUseless = ({ name }: { readonly name: string }) =>
    Number(name) === 4 ? Promise.reject(new Error("EIO")) : Promise.resolve(Number(name) > 7);
  await assertRejects(() => bound.sweep(isUseless), Error, "E");
  // The entry that can't be removed is counted as well.
  assertEquals(await left(), [0, ...range(5, 8), 9]);
});

/** Creates files that another program has named by their SHA-256, like entries. */
async function putForeign({ folder, files, nameOf }: Awaited<ReturnType<typeof setUp>>, count: number) {
  const paths: string[] = [];
  for (const index of range(0, count)) {
    const { shard, name } = nameOf(index);
    const path = `v1/${shard}/${name.replace(/^0/, "f")}`;
    await folder.folder(`v1/${shard}`);
    await folder.write(path, "of somebody else");
    await files.touch(`${folder.path}/${path}`, NOW_MS - 99_000_000);
    paths.push(path);
  }
  return async () => {
    const left = await folder.list();
    return paths.filter((path) => left.includes(path)).length;
  };
}

for (const [count, bytes] of [[1, 200], [50, 200], [300, 100], [70, 900]] as const) {
  test(`ByteBound.write() neither evicts nor counts ${count} older files of others, beside ${bytes} bytes an entry`, async () => {
    const scene = await setUp(1_000);
    await using _ = scene.folder;
    const foreignLeft = await putForeign(scene, count);
    for (const index of range(0, 25)) await scene.write(index, bytes);
    assertEquals([await scene.left(), await foreignLeft()], [
      range(25 - Math.floor(1_000 / bytes), 25),
      count,
    ]);
  });
}

test("ByteBound.sweep() evicts no files of others, and leaves those alone that look like orphans", async () => {
  const scene = await setUp(1_000);
  await using _ = scene.folder;
  const { folder, files, put, bound, left } = scene;
  const foreignLeft = await putForeign(scene, 30);
  for (const index of range(0, 10)) await put(index, 200);
  await folder.write(`v1/00/${TEMP}`, "of somebody else");
  await files.touch(`${folder.path}/v1/00/${TEMP}`, NOW_MS - 11 * 60_000);
  await bound.sweep(() => Promise.resolve(false));
  assertEquals([await left(), await foreignLeft(), await folder.read(`v1/00/${TEMP}`)], [
    range(5, 10),
    30,
    "of somebody else",
  ]);
});

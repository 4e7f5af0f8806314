import { assertEquals, assertRejects } from "@std/assert";
import { EntryFolders } from "../../../src/cache/filesystem/entry_folders.ts";
import { sha256 } from "../../../src/cache/sha256.ts";
import { isStoreFault } from "../../../src/cache/filesystem/store_fault.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import type { Files } from "../../../src/runtime/files/contract.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const NAME = "0".repeat(62);
const TEMP = "00000000-0000-4000-8000-000000000000-1.tmp";

async function setUp(broken: Partial<Files> = {}) {
  const folder = await tempFolder();
  return { folder, folders: new EntryFolders({ ...currentFiles(), ...broken }, `${folder.path}/v1`) };
}

test("EntryFolders creates nothing before it is told to", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  assertEquals([await folders.shards(), await folders.list("ab")], [[], []]);
  assertEquals(await folders.find({ shard: "ab", name: NAME }), undefined);
  await folders.clear();
  assertEquals(await folder.list(), []);
});

test("EntryFolders.make() makes a folder, and again after it has vanished", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  await folders.make("ab");
  assertEquals(await folder.list(), ["v1/", "v1/ab/"]);
  await currentFiles().removeFolder(`${folder.path}/v1/ab`);
  await folders.make("ab");
  assertEquals([await folder.list(), await folders.shards()], [["v1/", "v1/ab/"], ["ab"]]);
});

test("EntryFolders.list() tells entries, temporary files, links and folders apart, and omits files of others", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  await folder.write(`v1/ab/${NAME}`, "12345");
  await folder.write(`v1/ab/${TEMP}`, "123");
  await folder.link(`v1/ab/${NAME}k`, "elsewhere");
  await folder.write("v1/ab/notes.txt", "of the user");
  await folder.folder(`v1/ab/${"1".repeat(62)}`);
  await currentFiles().touch(`${folder.path}/v1/ab/${NAME}`, 5_000);

  const byName = (await folders.list("ab")).sort((a, b) => a.name < b.name ? -1 : 1);
  assertEquals(byName.map(({ name, isTemp, isFile, isFolder }) => [name, isTemp, isFile, isFolder]), [
    [TEMP, true, true, false],
    [NAME, false, true, false],
    [`${NAME}k`, false, false, false],
    ["1".repeat(62), false, false, true],
  ]);
  assertEquals(byName[1], {
    shard: "ab",
    name: NAME,
    isTemp: false,
    isFile: true,
    isFolder: false,
    bytes: 5,
    modifiedAt: 5_000,
  });
  assertEquals(byName[3]?.bytes, 0);
});

test("EntryFolders.clear() removes its own files, and no others", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  for (const shard of ["00", "ab", "ff"]) {
    await folders.make(shard);
    await folder.write(`v1/${shard}/${NAME}`, "SLC1 entry");
  }
  await folder.write(`v1/ab/${TEMP}`, "");
  for (const name of ["notes.txt", "v1/notes.txt", "v1/ff/notes.txt"]) await folder.write(name, "");
  await folder.folder("v2");
  await folders.clear();
  assertEquals(await folder.list(), ["notes.txt", "v1/", "v1/ff/", "v1/ff/notes.txt", "v1/notes.txt", "v2/"]);
});

for (const link of ["v1", "v1/ab"]) {
  test(`EntryFolders follows no link in the place of ${link}`, async () => {
    const { folder, folders } = await setUp();
    await using _ = folder;
    await folder.folder("outside/ab");
    await folder.write(`outside/ab/${NAME}`, "of somebody else");
    if (link === "v1/ab") await folder.folder("v1");
    await folder.link(link, link === "v1" ? "outside" : "../outside/ab");

    assertEquals(await folders.list("ab"), []);
    assertEquals(await folders.find({ shard: "ab", name: NAME }), undefined);
    await folders.clear();
    await assertRejects(() => folders.make("ab"), Error, "as it is no folder");
    if (link === "v1") await assertRejects(() => folders.make("cd"), Error, "as it is no folder");
    assertEquals(await folder.read(`outside/ab/${NAME}`), "of somebody else");
    assertEquals((await folder.list()).filter((path) => path.startsWith("outside/")), [
      ...["outside/", "outside/ab/", `outside/ab/${NAME}`],
    ]);
  });
}

test("EntryFolders checks its folders each time, so that none can be replaced by a link", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  await folder.folder("outside");
  await folder.write(`outside/${NAME}`, "of somebody else");
  assertEquals(await folders.find({ shard: "ab", name: NAME }), undefined);
  await currentFiles().removeFolder(`${folder.path}/v1/ab`);
  await folder.link("v1/ab", "../outside");

  await assertRejects(() => folders.make("ab"), Error, "v1/ab' as it is no folder");
  assertEquals([await folders.find({ shard: "ab", name: NAME }), await folders.list("ab")], [undefined, []]);
});

test("EntryFolders.remove() removes an empty folder in the place of an entry, and no other folder", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folder.folder(`v1/ab/${NAME}`);
  await folder.folder(`v1/ab/${NAME}k`);
  await folder.write(`v1/ab/${NAME}k/notes.txt`, "of the user");
  const [empty, full] = [
    await folders.find({ shard: "ab", name: NAME }),
    await folders.find({ shard: "ab", name: `${NAME}k` }),
  ];
  assertEquals([await folders.remove(empty!), await folders.remove(empty!)], [true, false]);
  await assertRejects(() => folders.remove(full!), Error, "as it is a folder that is not empty");
  assertEquals(await folder.read(`v1/ab/${NAME}k/notes.txt`), "of the user");
});

test("EntryFolders.clear() removes all that it can before it rejects", async () => {
  const { folder, folders } = await setUp({
    remove: (path) => path.endsWith("k") ? Promise.reject(new Error("EPERM")) : currentFiles().remove(path),
  });
  await using _ = folder;
  for (const name of [`00/${NAME}`, `ab/${NAME}k`, `ab/${NAME}`, `ff/${NAME}`]) {
    await folders.make(name.slice(0, 2));
    await folder.write(`v1/${name}`, "SLC1 entry");
  }
  await assertRejects(() => folders.clear(), Error, "EPERM");
  assertEquals(await folder.list(), ["v1/", "v1/ab/", `v1/ab/${NAME}k`]);
});

const FOREIGN: Readonly<Record<string, string>> = {
  "another beginning": "of somebody else",
  "almost the magic number": "SLC2 entry",
  "the magic number in another place": " SLC1",
};

for (const [what, content] of Object.entries(FOREIGN)) {
  test(`EntryFolders.clear() leaves a file with ${what} alone, whatever its name`, async () => {
    const { folder, folders } = await setUp();
    await using _ = folder;
    await folders.make("ab");
    const names = [NAME, `${NAME}k`, TEMP];
    for (const name of names) await folder.write(`v1/ab/${name}`, content);
    const listed = await folders.list("ab");
    assertEquals(await Promise.all(listed.map((file) => folders.isOwn(file))), names.map(() => false));
    await folders.clear();
    assertEquals((await folder.list()).slice(2).sort(), names.map((name) => `v1/ab/${name}`).sort());
  });
}

test("EntryFolders.clear() leaves links and folders in the place of entries alone", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folder.folder(`v1/ab/${NAME}`);
  await folder.write("target", "SLC1 of somebody else");
  await folder.link(`v1/ab/${NAME}k`, "../../target");
  const before = await folder.list();
  await folders.clear();
  assertEquals(await folder.list(), before);
});

test("EntryFolders.isOwn() recognizes the remains of an entry after a crash", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  for (const [name, content] of [[NAME, "SLC1"], [`${NAME}k`, "SL"], [TEMP, ""]] as const) {
    await folder.write(`v1/ab/${name}`, content);
  }
  const listed = await folders.list("ab");
  assertEquals(await Promise.all(listed.map((file) => folders.isOwn(file))), [true, true, true]);
  await folders.clear();
  const entry = listed.find(({ isTemp }) => !isTemp)!;
  assertEquals([await folder.list(), await folders.isOwn(entry)], [[], false]);
});

for (const [fault, isOfStore] of [["root", true], ["shard", false]] as const) {
  test(`EntryFolders.make() throws a fault of the ${isOfStore ? "whole store" : "shard"} for a file in the place of the ${fault}`, async () => {
    const { folder, folders } = await setUp();
    await using _ = folder;
    if (fault === "shard") await folder.folder("v1");
    await folder.write(fault === "root" ? "v1" : "v1/ab", "of the user");
    const error = await assertRejects(() => folders.make("ab"), Error, "as it is no folder");
    assertEquals(isStoreFault(error), isOfStore);
  });
}

/** Files that a power loss may leave, or that another store may have named by their SHA-256. */
const BLANKS = { "nothing": 0, "a zero": 1, "zeros": 5_000 } as const;

for (const [what, length] of Object.entries(BLANKS)) {
  test(`EntryFolders.isOwn() tells an entry of ${what} from a file that is named by its SHA-256`, async () => {
    const { folder, folders } = await setUp();
    await using _ = folder;
    const content = "\0".repeat(length);
    const hash = sha256(content);
    const [shard, name] = [hash.slice(0, 2), hash.slice(2)];
    await folders.make(shard);
    const other = name.replace(/.$/, (digit) => digit === "0" ? "1" : "0");
    for (const each of [name, `${name}k`, other, TEMP]) await folder.write(`v1/${shard}/${each}`, content);
    await folders.clear();
    assertEquals((await folder.list()).filter((path) => !path.endsWith("/")), [`v1/${shard}/${name}`]);
    assertEquals(await folder.read(`v1/${shard}/${name}`), content);
  });
}

test("EntryFolders.clear() removes a temporary file of zeros that a power loss has left, however large", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  await currentFiles().create(folders.pathOf({ shard: "ab", name: TEMP }), new Uint8Array(17 * 1024 ** 2));
  await folders.clear();
  assertEquals(await folder.list(), []);
});

test("EntryFolders.removeOwn() reports a file as gone that another process removes during the look at it", async () => {
  const { remove } = currentFiles();
  const { folder, folders } = await setUp({ read: async (path) => void await remove(path) });
  await using _ = folder;
  await folders.make("ab");
  await folder.write(`v1/ab/${NAME}`, "");
  const [file] = await folders.list("ab");
  assertEquals(await folders.removeOwn(file!), "gone");
});

test("EntryFolders.removeOwn() reports its own files, files of others, and missing ones", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  await folders.make("ab");
  await folder.write(`v1/ab/${NAME}`, "of somebody else");
  await folder.write(`v1/ab/${NAME}k`, "SLC1");
  const [foreign, own] = (await folders.list("ab")).sort((a, b) => a.name.length - b.name.length);
  const outcomes = [
    await folders.removeOwn(own!),
    await folders.removeOwn(own!),
    await folders.removeOwn(foreign!),
  ];
  assertEquals(outcomes, ["removed", "gone", "foreign"]);
  assertEquals((await folder.list()).slice(2), [`v1/ab/${NAME}`]);
});

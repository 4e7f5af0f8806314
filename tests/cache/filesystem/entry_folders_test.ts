import { assertEquals, assertRejects } from "@std/assert";
import { EntryFolders } from "../../../src/cache/filesystem/entry_folders.ts";
import { isStoreFault } from "../../../src/cache/filesystem/store_fault.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const NAME = "0".repeat(62);
const TEMP = "00000000-0000-4000-8000-000000000000-1.tmp";

async function setUp() {
  const folder = await tempFolder();
  return { folder, folders: new EntryFolders(currentFiles(), `${folder.path}/v1`) };
}

test("EntryFolders makes nothing before it is asked to", async () => {
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

test("EntryFolders.list() tells entries, temporary files, links and folders apart, and leaves out what is not its own", async () => {
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

test("EntryFolders.clear() removes its own files, and nobody else's", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  for (const shard of ["00", "ab", "ff"]) {
    await folders.make(shard);
    await folder.write(`v1/${shard}/${NAME}`, "entry");
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

test("EntryFolders looks at its folders each time, so that none is swapped for a link", async () => {
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

test("EntryFolders.remove() removes an empty folder in the place of an entry, and no other", async () => {
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

test("EntryFolders.clear() removes all it can before it rejects", async () => {
  const { folder, folders } = await setUp();
  await using _ = folder;
  for (const shard of ["00", "ab", "ff"]) {
    await folders.make(shard);
    await folder.write(`v1/${shard}/${NAME}`, "entry");
  }
  await folder.folder(`v1/00/${NAME}k`);
  await folder.write(`v1/00/${NAME}k/notes.txt`, "of the user");
  await assertRejects(() => folders.clear(), Error, "as it is a folder that is not empty");
  assertEquals(await folder.list(), ["v1/", "v1/00/", `v1/00/${NAME}k/`, `v1/00/${NAME}k/notes.txt`]);
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

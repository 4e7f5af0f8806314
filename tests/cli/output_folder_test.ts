import { assertEquals, assertRejects } from "@std/assert";
import { rmdir } from "node:fs/promises";
import { OutputFolder } from "../../src/cli/output_folder.ts";
import { currentDisk } from "../../src/runtime/disk/current.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const { files } = currentTerminal();
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test("OutputFolder.open() creates the folder and its parents", async () => {
  await using temp = await tempFolder();
  const folder = await OutputFolder.open(`${temp.path}/a/b`, files);
  assertEquals([folder.path, await temp.list()], [`${temp.path}/a/b`, ["a/", "a/b/"]]);
});

test("OutputFolder.open() refuses a file", async () => {
  await using temp = await tempFolder();
  await temp.write("file", "");
  await assertRejects(() => OutputFolder.open(`${temp.path}/file`, files), Error);
  await assertRejects(() => OutputFolder.open(`${temp.path}/file/below`, files), Error);
});

test("OutputFolder.isCaseSensitive() finds out whether `A` is another file than `a`, and leaves nothing behind", async () => {
  for (const isCaseSensitive of [true, false]) {
    await using temp = await tempFolder();
    const kind: typeof files.kind = (path) => {
      const nameAt = path.lastIndexOf("/") + 1;
      const name = path.slice(nameAt);
      const known = isCaseSensitive ? name : name.toLowerCase();
      return files.kind(path.slice(0, nameAt) + known);
    };
    const folder = await OutputFolder.open(`${temp.path}/out`, Object.assign(Object.create(files), { kind }));
    assertEquals([await folder.isCaseSensitive(), await temp.list()], [isCaseSensitive, ["out/"]]);
  }
});

test("OutputFolder.write() writes files into folders, and over existing files", async () => {
  await using temp = await tempFolder();
  const folder = await OutputFolder.open(temp.path, files);
  await folder.write(["h", "a", "x.json"], bytes("1"));
  await folder.write(["h", "a", "y.json"], bytes("2"));
  await folder.write(["h", "a", "x.json"], bytes("3"));
  assertEquals(await temp.list(), ["h/", "h/a/", "h/a/x.json", "h/a/y.json"]);
  assertEquals(await temp.read("h/a/x.json"), "3");
});

test("OutputFolder.write() refuses a link out of the folder", async () => {
  await using outside = await tempFolder();
  await using temp = await tempFolder();
  await temp.folder("h");
  await temp.link("h/out", outside.path);
  await temp.link("h/missing", `${outside.path}/missing`);
  await temp.link("beside", `${temp.path}-beside`);
  const folder = await OutputFolder.open(temp.path, files);
  await assertRejects(() => folder.write(["h", "out", "x"], bytes("1")), Error, "leads out of");
  await assertRejects(() => folder.write(["h", "out", "deep", "x"], bytes("1")), Error, "leads out of");
  await assertRejects(() => folder.write(["h", "missing", "x"], bytes("1")), Error);
  await assertRejects(() => folder.write(["beside", "x"], bytes("1")), Error);
  assertEquals(await outside.list(), []);
  assertEquals(await temp.list(), ["beside", "h/", "h/missing", "h/out"]);
});

test("OutputFolder.write() refuses a neighbouring folder whose name begins with this one's", async () => {
  await using temp = await tempFolder();
  await temp.folder("out");
  await temp.folder("outside");
  await temp.link("out/link", `${temp.path}/outside`);
  const folder = await OutputFolder.open(`${temp.path}/out`, files);
  await assertRejects(() => folder.write(["link", "x"], bytes("1")), Error, "leads out of");
  assertEquals(await temp.list(), ["out/", "out/link", "outside/"]);
});

test("OutputFolder.write() replaces a link in the file's place, and leaves its target alone", async () => {
  await using outside = await tempFolder();
  await using temp = await tempFolder();
  await outside.write("precious", "kept");
  await temp.link("x", `${outside.path}/precious`);
  const folder = await OutputFolder.open(temp.path, files);
  await folder.write(["x"], bytes("new"));
  assertEquals([await temp.read("x"), await outside.read("precious")], ["new", "kept"]);
});

test("OutputFolder.write() follows a link that stays inside", async () => {
  await using temp = await tempFolder();
  await temp.folder("real");
  await temp.link("alias", `${temp.path}/real`);
  const folder = await OutputFolder.open(temp.path, files);
  await folder.write(["alias", "x"], bytes("1"));
  assertEquals(await temp.list(), ["alias", "real/", "real/x"]);
});

test("OutputFolder.open() follows a link that is the folder itself", async () => {
  await using outside = await tempFolder();
  await using temp = await tempFolder();
  await temp.link("out", outside.path);
  const folder = await OutputFolder.open(`${temp.path}/out`, files);
  await folder.write(["x"], bytes("1"));
  assertEquals([folder.path, await outside.list()], [outside.path, ["x"]]);
});

test("OutputFolder.write() leaves no partial file when it fails", async () => {
  await using temp = await tempFolder();
  await temp.folder("x/y");
  await temp.write("file", "");
  const folder = await OutputFolder.open(temp.path, files);
  await assertRejects(() => folder.write(["x"], bytes("1")), Error);
  await assertRejects(() => folder.write(["file", "z"], bytes("1")), Error);
  const broken = { ...files, rename: () => Promise.reject(new Error("no rename")) };
  const other = await OutputFolder.open(temp.path, broken);
  await assertRejects(() => other.write(["z"], bytes("1")), Error, "no rename");
  assertEquals(await temp.list(), ["file", "x/", "x/y/"]);
});

test("OutputFolder.write() removes the remains of killed processes, and nothing else", async () => {
  const { processId } = currentDisk();
  const id = "2c14d416-8db0-44e2-a033-29905d4fd7e7";
  const left = [`.slipstream-${2 ** 30}-${id}.part`, `.slipstream-${2 ** 30 - 1}-${id}.part`];
  const others = [
    `.slipstream-${processId}-${id}.part`,
    `.slipstream-${2 ** 30}-${id}.part.json`,
    `.slipstream-${id}`,
    "a.part",
    `slipstream-${2 ** 30}-${id}.part`,
  ];
  await using temp = await tempFolder();
  await temp.folder("below");
  for (const name of [...left, ...others]) {
    await temp.write(name, "");
    await temp.write(`below/${name}`, "");
  }
  const folder = await OutputFolder.open(temp.path, files);
  await folder.write(["below", "x"], bytes("1"));
  const below = [...others, "x"].map((name) => `below/${name}`);
  assertEquals(await temp.list(), ["below/", ...below, ...left, ...others].sort());
  await folder.isCaseSensitive();
  assertEquals(await temp.list(), ["below/", ...below, ...others].sort());
});

test("OutputFolder.enter() removes the remains of killed processes also if others write the files", async () => {
  const left = `.slipstream-${2 ** 30}-2c14d416-8db0-44e2-a033-29905d4fd7e7.part`;
  await using temp = await tempFolder();
  for (const name of ["a", "a/b", "c"]) {
    await temp.folder(name);
    await temp.write(`${name}/${left}`, "");
  }
  const folder = await OutputFolder.open(temp.path, files);
  await Promise.all([folder.enter(["a", "b", "x"]), folder.enter(["a", "y"])]);
  assertEquals(await temp.list(), ["a/", "a/b/", "c/", `c/${left}`]);
});

test("OutputFolder.write() also writes where it can't list the folder", async () => {
  await using temp = await tempFolder();
  const refusing = { ...files, names: () => Promise.reject(new Error("no listing")) };
  const folder = await OutputFolder.open(temp.path, refusing);
  await folder.write(["x"], bytes("1"));
  assertEquals(await temp.list(), ["x"]);
});

test("OutputFolder.write() gives a file its name only when it is complete", async () => {
  await using temp = await tempFolder();
  const seen: string[][] = [];
  const watched = {
    ...files,
    rename: async (from: string, to: string) => {
      seen.push((await temp.list()).map((name) => name.replace(/slipstream-\d+-[0-9a-f-]{36}/, "*")));
      await files.rename(from, to);
    },
  };
  const folder = await OutputFolder.open(temp.path, watched);
  await folder.write(["x"], bytes("1"));
  assertEquals([seen, await temp.list()], [[[".*.part"]], ["x"]]);
});

test("OutputFolder.write() writes a content piece by piece, and leaves nothing of one that breaks off", async () => {
  await using temp = await tempFolder();
  const folder = await OutputFolder.open(temp.path, files);
  const pieces = async function* (breaks: boolean): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield bytes("ab");
    if (breaks) throw new Error("cut");
    yield await Promise.resolve(bytes("cd"));
  };
  await folder.write(["x"], pieces(false));
  await assertRejects(() => folder.write(["x"], pieces(true)), Error, "cut");
  assertEquals([await temp.list(), await temp.read("x")], [["x"], "abcd"]);
});

test("OutputFolder.write() rejects when the disk is full in the middle of a content, and leaves the file as it was", async () => {
  await using temp = await tempFolder();
  await temp.write("x", "old");
  let writes = 0;
  const full: typeof files = {
    ...files,
    open: async (path, mode) => {
      const file = await files.open(path, mode);
      const write = (piece: Uint8Array<ArrayBuffer>) =>
        ++writes === 2 ? Promise.reject(new Error("disk full")) : file.write(piece);
      return { write, close: () => file.close() };
    },
  };
  const folder = await OutputFolder.open(temp.path, full);
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const piece of ["ab", "cd", "ef"]) yield await Promise.resolve(bytes(piece));
  }
  await assertRejects(() => folder.write(["x"], pieces()), Error, "disk full");
  assertEquals([writes, await temp.list(), await temp.read("x")], [2, ["x"], "old"]);
});

test("OutputFolder removes the folders that it has made and that stayed empty, when it is disposed", async () => {
  await using temp = await tempFolder();
  await temp.folder("old/h/mine");
  {
    await using folder = await OutputFolder.open(`${temp.path}/old`, files);
    await folder.enter(["h", "mine", "x"]);
    await folder.enter(["h", "a", "b", "x"]);
    await folder.enter(["h", "kept", "b", "x"]);
    await folder.write(["h", "kept", "y"], bytes("1"));
  }
  {
    await using folder = await OutputFolder.open(`${temp.path}/new/deep`, files);
    await folder.enter(["h", "x"]);
  }
  assertEquals(await temp.list(), ["old/", "old/h/", "old/h/kept/", "old/h/kept/y", "old/h/mine/"]);
});

test("OutputFolder.restore() makes folders again that another process has removed", async () => {
  await using temp = await tempFolder();
  const folder = await OutputFolder.open(`${temp.path}/out`, files);
  await folder.enter(["h", "a", "x"]);
  await folder.restore(["h", "a", "x"]);
  for (const path of ["out/h/a", "out/h", "out"]) await files.removeFolder(`${temp.path}/${path}`);
  await folder.restore(["h", "a", "x"]);
  await folder.write(["h", "a", "x"], bytes("1"));
  assertEquals(await temp.read("out/h/a/x"), "1");
});

test("OutputFolder.write() gives up the chunks of a file that can't be written", async () => {
  await using temp = await tempFolder();
  await temp.write("file", "");
  const folder = await OutputFolder.open(temp.path, files);
  await folder.enter(["gone", "x"]);
  await rmdir(`${temp.path}/gone`);
  for (const path of [["file", "x"], ["gone", "x"]]) {
    let isGivenUp = false;
    const content = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => void (isGivenUp = true) });
    await assertRejects(() => folder.write(path, content as AsyncIterable<Uint8Array<ArrayBuffer>>), Error);
    assertEquals(isGivenUp, true);
  }
});

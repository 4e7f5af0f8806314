import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { nodeFiles } from "../../../src/runtime/files/node.ts";
import { asIn, NODE_GLOBALS, testElsewhere } from "../../support/globals.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

for (const [name, files] of Object.entries({ "the runtime's own": currentFiles(), "Node's": nodeFiles() })) {
  test(`${name}: Files.create() writes a new file, and read() and readStart() return its content`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/file`;
    const large = new Uint8Array(300_000).map((_, index) => index % 251);

    assertEquals(await files.create(path, large), true);
    assertEquals(await files.read(path), large);
    assertEquals(await files.readStart(path, 1_000), large.slice(0, 1_000));
    assertEquals(await files.readStart(path, 400_000), large);
    const read = await files.read(path);
    assertEquals([read?.constructor, read?.byteOffset], [Uint8Array, 0]);
  });

  test(`${name}: Files.create() overwrites nothing, and follows no link`, async () => {
    await using folder = await tempFolder();
    await folder.write("file", "old");
    await folder.link("link", "target");

    await assertRejects(() => files.create(`${folder.path}/file`, bytesOf("new")));
    await assertRejects(() => files.create(`${folder.path}/link`, bytesOf("new")));
    assertEquals([await folder.read("file"), await folder.list()], ["old", ["file", "link"]]);
  });

  test(`${name}: Files.create() and makeFolder() give other users no access`, async () => {
    await using folder = await tempFolder();
    const fs = await import("node:fs/promises");
    await files.makeFolder(`${folder.path}/a/b`);
    await files.create(`${folder.path}/a/b/c`, bytesOf("c"));
    const modes = ["a", "a/b", "a/b/c"].map(async (name) => (await fs.stat(`${folder.path}/${name}`)).mode);

    assertEquals((await Promise.all(modes)).map((mode) => mode & 0o777), [0o700, 0o700, 0o600]);
  });

  test(`${name}: Files reports missing files without an error`, async () => {
    await using folder = await tempFolder();
    const missing = `${folder.path}/missing`;

    assertEquals(await files.read(missing), undefined);
    assertEquals(await files.readStart(missing, 10), undefined);
    assertEquals(await files.create(`${missing}/file`, bytesOf("")), false);
    assertEquals(await files.rename(missing, `${folder.path}/other`), false);
    assertEquals(await files.remove(missing), false);
    assertEquals(await files.info(missing), undefined);
    assertEquals(await files.list(missing), undefined);
    assertEquals(await files.removeFolder(missing), false);
  });

  test(`${name}: Files rejects for a folder that is a file`, async () => {
    await using folder = await tempFolder();
    await folder.write("file", "text");
    const below = `${folder.path}/file/below`;

    await assertRejects(() => files.read(below));
    await assertRejects(() => files.create(below, bytesOf("")));
    await assertRejects(() => files.list(`${folder.path}/file`));
    await assertRejects(() => files.makeFolder(below));
    await assertRejects(() => files.read(folder.path));
  });

  test(`${name}: Files.rename() replaces the file of that name`, async () => {
    await using folder = await tempFolder();
    await folder.write("a", "new");
    await folder.write("b", "old");

    assertEquals(await files.rename(`${folder.path}/a`, `${folder.path}/b`), true);
    assertEquals([await folder.read("b"), await folder.list()], ["new", ["b"]]);
  });

  test(`${name}: Files.remove() removes a link, and not its target`, async () => {
    await using folder = await tempFolder();
    await folder.write("file", "text");
    await folder.link("link", "file");

    assertEquals((await files.info(`${folder.path}/link`))?.kind, "other");
    assertEquals(await files.remove(`${folder.path}/link`), true);
    assertEquals(await folder.list(), ["file"]);
  });

  test(`${name}: Files.removeFolder() removes no folder with content`, async () => {
    await using folder = await tempFolder();
    await folder.folder("a");
    await folder.write("a/file", "text");

    assertEquals(await files.removeFolder(`${folder.path}/a`), false);
    assertEquals(await files.remove(`${folder.path}/a/file`), true);
    assertEquals(await files.removeFolder(`${folder.path}/a`), true);
    assertEquals(await folder.list(), []);
  });

  test(`${name}: Files.info() gives kind, size and time of the last change`, async () => {
    await using folder = await tempFolder();
    await folder.write("file", "text");
    const path = `${folder.path}/file`;
    assertEquals(await files.touch(path, 1_234_567_890_123), true);
    assertEquals(await files.touch(`${folder.path}/none`, 1_234_567_890_123), false);

    assertEquals(await files.info(path), { kind: "file", bytes: 4, modifiedAt: 1_234_567_890_123 });
    assertEquals((await files.info(folder.path))?.kind, "folder");
    assertEquals(await files.list(folder.path), ["file"]);
  });

  test(`${name}: Files.makeFolder() accepts a folder that exists`, async () => {
    await using folder = await tempFolder();
    await files.makeFolder(`${folder.path}/a/b`);
    await files.makeFolder(`${folder.path}/a/b`);
    assertEquals(await folder.list(), ["a/", "a/b/"]);
  });

  test(`${name}: Files.pathOf() gives the path of a file URL`, () => {
    assert(files.pathOf(new URL("file:///a%20b/c")).endsWith("a b/c"));
  });

  test(`${name}: Files.crc32() is that of zlib`, () => {
    assertEquals(files.crc32(bytesOf("123456789")), 0xcbf43926);
    assertEquals(files.crc32(bytesOf("")), 0);
  });
}

testElsewhere("currentFiles() names the versions of Node.js and Bun that have what it needs", async () => {
  // NODE_GLOBALS has no way to load modules, like older versions.
  await asIn(
    NODE_GLOBALS,
    () => void assertThrows(currentFiles, TypeError, "Node.js 20.16 and 22.3, or Bun 1.2.6"),
  );
});

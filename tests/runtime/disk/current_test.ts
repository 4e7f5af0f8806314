import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { currentDisk } from "../../../src/runtime/disk/current.ts";
import { nodeDisk } from "../../../src/runtime/disk/node.ts";
import { rejection } from "../../support/settled.ts";
import { openedName } from "../../support/opened_name.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { runtime, test } from "../../support/test.ts";
import { until } from "../../support/until.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

// Deno also has the disk of Node.js's modules, and every test must hold for both.
const disks = runtime === "deno" ? { deno: currentDisk(), node: nodeDisk() } : { current: currentDisk() };

for (const [name, disk] of Object.entries(disks)) {
  test(`Disk.create() creates a file once, which is written and read at any position (${name})`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/file`;
    const file = await disk.create(path);
    await file.write([bytesOf("abc"), bytesOf(""), bytesOf("def")], 0);
    await file.write([bytesOf("XY")], 2);
    await file.write([bytesOf("!")], 6);
    const into = new Uint8Array(10);
    assertEquals([await file.read(into, 1), new TextDecoder().decode(into.subarray(0, 6))], [6, "bXYef!"]);
    assertEquals(await file.read(into, 7), 0);
    await file.close();

    assertEquals(await folder.read("file"), "abXYef!");
    assert(await rejection(disk.create(path)) instanceof Error);
  });

  test(`Disk.write() takes thousands of chunks at once (${name})`, async () => {
    await using folder = await tempFolder();
    const file = await disk.create(`${folder.path}/file`);
    await file.write(Array.from({ length: 5_000 }, (_, index) => bytesOf(String(index % 10))), 0);
    await file.close();
    assertEquals(await folder.read("file"), "0123456789".repeat(500));
  });

  test(`Disk.open() opens an existing file, says what it is, and follows no link (${name})`, async () => {
    await using folder = await tempFolder();
    await folder.write("file", "text");
    await folder.link("link", "file");
    const path = `${folder.path}/file`;
    const file = await disk.open(path);
    assertEquals([file?.bytes, file?.id], [4, (await disk.entry(path))?.id]);
    assert(Math.abs(file!.modifiedAt - Date.now()) < 3_600_000);
    await file!.close();
    assertEquals(await disk.open(`${folder.path}/link`), undefined);
    assertEquals(await disk.open(`${folder.path}/none`), undefined);
    assertEquals(await disk.entry(`${folder.path}/none`), undefined);
    const kinds = [path, `${folder.path}/link`, folder.path, "/dev/null"].map(async (each) =>
      (await disk.entry(each))?.kind
    );
    assertEquals(await Promise.all(kinds), ["file", "file", "folder", "special"]);
  });

  test(`Disk.entry() tells a file from another one in its place, and recognizes it under another name (${name})`, async () => {
    await using folder = await tempFolder();
    await folder.write("a", "a");
    await folder.write("b", "b");
    const [a, b] = [`${folder.path}/a`, `${folder.path}/b`];
    const first = await disk.entry(a);
    assertNotEquals(first?.id, (await disk.entry(b))?.id);
    await disk.rename(a, b);
    assertEquals([await disk.entry(a), await disk.entry(b)], [undefined, first]);
    await disk.remove(b);
  });

  test(`Disk.renameToFree() takes no name that is in use (${name})`, async () => {
    await using folder = await tempFolder();
    await folder.write("a", "a");
    await folder.write("b", "b");
    assert(await rejection(disk.renameToFree(`${folder.path}/a`, `${folder.path}/b`)) instanceof Error);
    await disk.renameToFree(`${folder.path}/a`, `${folder.path}/c`);
    assertEquals([await folder.list(), await folder.read("c")], [["b", "c"], "a"]);
  });

  test(`Disk.createWhole() and create() set no permission that the umask removes (${name})`, async () => {
    await using folder = await tempFolder();
    const fs = await import("node:fs/promises");
    const modeOf = async (name: string) => (await fs.stat(`${folder.path}/${name}`)).mode & 0o777;
    await folder.write("other", "");
    await folder.folder("folder");
    const [usual, all] = [await modeOf("other"), await modeOf("folder")];
    for (
      const [mode, given] of [[undefined, usual], [0o666, usual], [0o777, all], [0o600, 0o600]] as const
    ) {
      const names = ["whole", "grown"].map((kind) => `${kind}-${mode}`) as [string, string];
      const [whole, grown] = names.map((each) => `${folder.path}/${each}`) as [string, string];
      assertEquals(await disk.createWhole(whole, bytesOf("text"), mode), true);
      assertEquals(await disk.createWhole(whole, bytesOf("other"), mode), false);
      await (await disk.create(grown, mode)).close();
      assertEquals([await Promise.all(names.map(modeOf)), await folder.read(names[0])], [
        [given, given],
        "text",
      ]);
    }
  });

  test(`Disk.writeText() replaces a file, and does not follow a link (${name})`, async () => {
    await using folder = await tempFolder();
    const fs = await import("node:fs/promises");
    await folder.write("target", "kept");
    await folder.link("note", "target");
    const path = `${folder.path}/note`;
    for (const text of ["one", "two"]) {
      await disk.writeText(path, text);
      assertEquals(await disk.readText(path), text);
    }
    assertEquals([await folder.read("target"), (await fs.stat(path)).mode & 0o777], ["kept", 0o600]);
    assertEquals(await disk.readText(`${folder.path}/none`), undefined);
  });

  test(`Disk.remove() removes files, and no folders (${name})`, async () => {
    await using folder = await tempFolder();
    await folder.folder("folder");
    await folder.write("file", "");
    await disk.remove(`${folder.path}/file`);
    await disk.remove(`${folder.path}/file`);
    if (name !== "node") assert(await rejection(disk.remove(`${folder.path}/folder`)) instanceof Error);
    assertEquals((await folder.list()).includes("file"), false);
  });

  test(`Disk.resolve() makes a path absolute without a look at the disk (${name})`, async () => {
    await using folder = await tempFolder();
    assertEquals(disk.resolve(`${folder.path}/link/../none/file`), {
      folder: `${folder.path}/none`,
      name: "file",
    });
    const url = new URL("file:///");
    url.pathname = `${folder.path}/file`;
    assertEquals(disk.resolve(url), { folder: folder.path, name: "file" });
    const here = disk.resolve("deno.json");
    assertEquals(disk.join(here.folder, here.name), disk.join(disk.resolve("./x").folder, "deno.json"));
    assertThrows(() => disk.resolve(new URL("https://a.test/")), TypeError);
  });

  test(`Disk.realFolder() resolves the links of a path, and requires an existing folder (${name})`, async () => {
    await using folder = await tempFolder();
    await folder.folder("real");
    await folder.link("link", "real");
    assertEquals(await disk.realFolder(`${folder.path}/link`), `${folder.path}/real`);
    assert(await rejection(disk.realFolder(`${folder.path}/none`)) instanceof Error);
  });

  test(`Disk.createWhole() creates a file with its content, unless there is one (${name})`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/file`;
    const bytes = (text: string) => new TextEncoder().encode(text);
    assertEquals([await disk.createWhole(path, bytes("1")), await disk.createWhole(path, bytes("2"))], [
      true,
      false,
    ]);
    await folder.link("link", "elsewhere");
    assertEquals(await disk.createWhole(`${folder.path}/link`, bytes("3")), false);
    assertEquals([await folder.read("file"), await folder.list()], ["1", ["file", "link"]]);
    assert(await rejection(disk.createWhole(`${folder.path}/none/file`, bytes(""))) instanceof Error);
  });

  test(`Disk.isRunning() is true for this process, and false for one that does not exist (${name})`, () => {
    assertEquals([disk.isRunning(disk.processId), disk.isRunning(2 ** 30)], [true, false]);
  });

  test(`Disk.isRunning() is false for a killed process before its parent has noticed (${name})`, async () => {
    const { spawn } = await import("node:child_process");
    // The shell has a child that has ended and that it does not wait for. It prints the child's process id first.
    const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => parent.once("exit", resolve));
    const child = await new Promise<number>((resolve) =>
      parent.stdout!.once("data", (data) => resolve(Number(String(data))))
    );
    await until(() => !disk.isRunning(child));
    assertEquals(disk.isRunning(parent.pid!), true);
    parent.kill("SIGKILL");
    await ended;
  });

  test(`Disk.entry() does not take the name of an open file for a file (${name})`, async () => {
    await using folder = await tempFolder();
    await using held = await openedName(`${folder.path}/file`);
    assertEquals((await disk.entry(held.name))?.kind, "special");
    assertEquals((await disk.entry(`${folder.path}/file`))?.kind, "file");
  });
}

import { assertEquals } from "@std/assert";
import { FilePart, keptPartName } from "../../src/cli/file_part.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const { files } = currentTerminal();
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const partOf = ({ path }: TempFolder, isKept: boolean) =>
  new FilePart({ folder: path, name: "x.json" }, files, { isKept });
const KEPT = keptPartName("x.json");

test("FilePart.commit() gives the file its name, and nothing else is left", async () => {
  for (const isKept of [false, true]) {
    await using temp = await tempFolder();
    await temp.write("x.json", "old");
    const part = partOf(temp, isKept);
    await part.begin('"1"');
    await part.write(bytes("new "));
    await part.write(bytes("file"));
    assertEquals(await temp.read("x.json"), "old");
    await part.commit();
    assertEquals([await temp.list(), await temp.read("x.json")], [["x.json"], "new file"]);
  }
});

test("FilePart.abandon() removes a part, unless it is to be kept and can be continued", async () => {
  for (
    const [isKept, validator, left] of [[false, '"1"', 0], [true, undefined, 0], [true, '"1"', 2]] as const
  ) {
    await using temp = await tempFolder();
    const part = partOf(temp, isKept);
    await part.begin(validator);
    await part.write(bytes("half"));
    await part.abandon();
    assertEquals((await temp.list()).length, left);
  }
});

test("FilePart.find() finds what an earlier run has left, and resume() goes on with it", async () => {
  await using temp = await tempFolder();
  const first = partOf(temp, true);
  assertEquals(await first.find(), undefined);
  await first.begin('"1"');
  await first.write(bytes("half"));
  await first.abandon();
  const second = partOf(temp, true);
  assertEquals(await second.find(), { offset: 4, validator: '"1"' });
  await second.resume();
  await second.write(bytes(" and half"));
  await second.commit();
  assertEquals([await temp.list(), await temp.read("x.json")], [["x.json"], "half and half"]);
});

test("FilePart.find() finds nothing in a part without a note, with a torn one, or without a byte", async () => {
  for (
    const [part, note] of [["half", undefined], ["half", '{"of":"x.json","val'], ["half", "{}"], [
      "",
      '{"validator":"1"}',
    ], [
      undefined,
      '{"validator":"1"}',
    ]]
  ) {
    await using temp = await tempFolder();
    if (part !== undefined) await temp.write(KEPT, part);
    if (note !== undefined) await temp.write(`${KEPT}.json`, note);
    const found = partOf(temp, true);
    assertEquals(await found.find(), undefined, `${part} ${note}`);
    await found.begin('"2"');
    await found.write(bytes("new"));
    await found.commit();
    assertEquals([await temp.list(), await temp.read("x.json")], [["x.json"], "new"]);
  }
});

test("FilePart.begin() starts again in the middle", async () => {
  await using temp = await tempFolder();
  const part = partOf(temp, true);
  await part.begin('"1"');
  await part.write(bytes("of no use"));
  await part.begin(undefined);
  await part.write(bytes("good"));
  await part.abandon();
  assertEquals(await temp.list(), []);
});

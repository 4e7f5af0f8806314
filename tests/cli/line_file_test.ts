import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { LineFile } from "../../src/cli/line_file.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { openedName } from "../support/opened_name.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeFiles } from "./fake_terminal.ts";

const { files } = currentTerminal();

test("LineFile.write() writes lines in the order of the calls, into a new file", async () => {
  await using temp = await tempFolder();
  await temp.write("a", "old\n");
  {
    await using file = await LineFile.open("output", `${temp.path}/a`, files);
    await Promise.all([file.write("one\n"), file.write("two\n"), file.write("é\n")]);
  }
  assertEquals(await temp.read("a"), "one\ntwo\né\n");
});

test("LineFile writes all lines that it was given before it closes the file", async () => {
  const fake = new FakeFiles();
  const done: string[] = [];
  fake.open = () =>
    Promise.resolve({
      write: async (bytes) => {
        await Promise.resolve();
        done.push(new TextDecoder().decode(bytes));
      },
      close: () => Promise.resolve(void done.push("close")),
    });
  const file = await LineFile.open("output", "/a", fake);
  const writes = [file.write("1\n"), file.write("2\n")];
  await file[Symbol.asyncDispose]();
  assertEquals(done, ["1\n2\n", "close"]);
  await Promise.all(writes);
});

test("LineFile.open() overwrites, or extends, the file that a link leads to", async () => {
  await using temp = await tempFolder();
  await temp.write("a", "old\ntorn");
  await temp.link("link", "a");
  await temp.link("dangling", "b");
  const write = async (name: string, line: string, lines?: string[]) => {
    const earlier = lines && { begin: "", onLine: (line: string) => void lines.push(line) };
    await using file = await LineFile.open("output", `${temp.path}/${name}`, files, earlier);
    await file.write(line);
  };
  const lines: string[] = [];
  await write("link", "new\n", lines);
  assertEquals([await temp.read("a"), lines], ["old\nnew\n", ["old"]]);
  await write("link", "newest\n");
  await write("dangling", "1\n");
  assertEquals([await temp.read("a"), await temp.read("b")], ["newest\n", "1\n"]);
});

test("LineFile.open() makes the folders that a new file lacks", async () => {
  await using temp = await tempFolder();
  {
    await using file = await LineFile.open("output", `${temp.path}/a/b/c`, files);
    await file.write("one\n");
  }
  assertEquals(await temp.read("a/b/c"), "one\n");
  await temp.write("file", "");
  await assertRejects(
    () => LineFile.open("manifest", `${temp.path}/file/c`, files),
    UsageError,
    "'--manifest' must be a file that can be written: ",
  );
});

test("LineFile.open() cuts nothing in a file that another program has open and writes to", async () => {
  await using temp = await tempFolder();
  await temp.write("a", "theirs\n");
  await using held = await openedName(`${temp.path}/a`);
  {
    await using file = await LineFile.open("output", held.name, files);
    await file.write("ours\n");
  }
  assertEquals(await temp.read("a"), "theirs\nours\n");
});

test("LineFile.open() keeps complete lines and removes a torn one, wherever it is torn", async () => {
  const whole = "first é\nsecond\n";
  const bytes = new TextEncoder().encode(`${whole}thîrd`);
  for (let length = 0; length <= bytes.length; length++) {
    await using temp = await tempFolder();
    await files.createFile(`${temp.path}/a`, bytes.slice(0, length));
    const lines: string[] = [];
    await using file = await LineFile.open("output", `${temp.path}/a`, files, {
      begin: "",
      onLine: (line) => lines.push(line),
    });
    await file.write("new\n");
    const kept = length >= 16 ? whole : length >= 9 ? "first é\n" : "";
    assertEquals([await temp.read("a"), lines.map((line) => `${line}\n`).join("")], [`${kept}new\n`, kept]);
  }
});

test("LineFile.open() reads lines that are longer than a chunk", async () => {
  await using temp = await tempFolder();
  const long = "é".repeat(300_000);
  await temp.write("a", `${long}\n${long}\ntorn`);
  const lines: string[] = [];
  await using _file = await LineFile.open("output", `${temp.path}/a`, files, {
    begin: "",
    onLine: (line) => lines.push(line),
  });
  assertEquals(lines.map((line) => line === long), [true, true]);
  assertEquals(await files.size(`${temp.path}/a`), 1_200_002);
});

test("LineFile.open() passes a very long line without its middle, and keeps all of it in the file", async () => {
  await using temp = await tempFolder();
  const text = `{"a":"${"x".repeat(10_000_000)}"}\n{"b":1}\n`;
  await temp.write("a", text);
  const lines: string[] = [];
  await using _file = await LineFile.open("output", `${temp.path}/a`, files, {
    begin: "{",
    onLine: (line) => lines.push(line),
  });
  assertEquals(lines.map((line) => line.replace(/x+/, "")), ['{"a":""}', '{"b":1}']);
  assertEquals(lines[0]!.length < 5_000_000, true);
  assertEquals(await files.size(`${temp.path}/a`), text.length);
});

test("LineFile.open() reads a line that arrives byte by byte, in linear time", async () => {
  const fake = new FakeFiles();
  const letter = new TextEncoder().encode("x");
  fake.contents.set("a", "");
  fake.read = async function* () {
    // A quadratic reader would take longer than a test may.
    for (let count = 0; count < 500_000; count++) yield await Promise.resolve(letter);
    yield new TextEncoder().encode("\nx\nxx");
  };
  const lengths: number[] = [];
  const onLine = (line: string): void => void lengths.push(line.length);
  await using _file = await LineFile.open("output", "a", fake, { begin: "xxx", onLine });
  assertEquals(lengths, [500_000, 1]);
});

test("LineFile.write() writes nothing after a line that may be torn", async () => {
  const fake = new FakeFiles();
  const tried: string[] = [];
  fake.open = () =>
    Promise.resolve({
      write(bytes) {
        tried.push(new TextDecoder().decode(bytes));
        return tried.length === 2 ? Promise.reject(new Error("disk full")) : Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  await using file = await LineFile.open("output", "/a", fake);
  await file.write("1\n");
  const writes = await Promise.allSettled([file.write("2\n"), file.write("3\n")]);
  assertEquals(writes.map(({ status }) => status), ["rejected", "rejected"]);
  await assertRejects(() => file.write("4\n"), Error, "disk full");
  assertEquals(tried, ["1\n", "2\n3\n"]);
});

test("LineFile.open() refuses anything but a file, and does not change a file whose lines are refused", async () => {
  await using temp = await tempFolder();
  await temp.folder("folder");
  await assertRejects(
    () => LineFile.open("output", `${temp.path}/folder`, files),
    UsageError,
    "'--output' must be",
  );
  await temp.write("a", "precious\nand torn");
  const refuse = () => {
    throw new TypeError("no such line");
  };
  await assertRejects(
    () => LineFile.open("manifest", `${temp.path}/a`, files, { begin: "", onLine: refuse }),
    UsageError,
    "'--manifest' must be a file that can be written: no such line",
  );
  assertEquals(await temp.read("a"), "precious\nand torn");
});

test("LineFile.open() removes only an incomplete line of its own, wherever it is torn", async () => {
  const begin = '{"index":';
  const torn = `${begin}1,"url":"h`;
  const open = async (text: string) => {
    await using temp = await tempFolder();
    await temp.write("a", text);
    try {
      await using _file = await LineFile.open("output", `${temp.path}/a`, files, { begin, onLine: () => {} });
    } catch (error) {
      return [(error as Error).message, await temp.read("a") === text];
    }
    return await temp.read("a");
  };
  for (const whole of ["", `${begin}0}\n`]) {
    for (let length = 0; length <= torn.length; length++) {
      assertEquals(await open(whole + torn.slice(0, length)), whole);
    }
    for (const other of ["notes", '{"url":"h', ' {"index":1', "[1]"]) {
      assertEquals(await open(whole + other), [
        "'--output' must be a file that can be written: it ends with what is no such line",
        true,
      ]);
    }
  }
});

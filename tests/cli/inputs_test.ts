import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { checkOperands, isSingleUrl, knownTotal, readInputs } from "../../src/cli/inputs.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function read(operands: readonly string[], terminal: FakeTerminal): Promise<string[]> {
  const inputs = await Array.fromAsync(readInputs(operands, terminal, new AbortController().signal));
  return inputs.map((input) => `${input.where} ${input.ok ? input.url.href : input.error.message}`);
}

test("readInputs() skips blank lines and comments, and counts them", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("urls.txt", "# list\n\n  https://h/a  \n\t\n#https://h/no\nhttps://h/b");
  assertEquals(await read(["@urls.txt"], terminal), ["urls.txt:3 https://h/a", "urls.txt:6 https://h/b"]);
});

test("readInputs() names a bad URL with its line and reads on", async () => {
  const terminal = new FakeTerminal();
  const lines = [
    "https://h/1",
    "nonsense",
    "https://",
    "file:///etc/passwd",
    "ftp://h/x",
    "//h/y",
    "data:,x",
    "http://h:99999/",
    "http://h/8",
  ];
  terminal.files.contents.set("urls.txt", lines.join("\n"));
  const malformed = "Cannot fetch as the URL must be absolute and well-formed: received";
  const scheme = "Cannot fetch as the URL must be http or https: received";
  assertEquals(await read(["@urls.txt"], terminal), [
    "urls.txt:1 https://h/1",
    `urls.txt:2 ${malformed} 'nonsense'`,
    `urls.txt:3 ${malformed} 'https://'`,
    `urls.txt:4 ${scheme} 'file:///etc/passwd'`,
    `urls.txt:5 ${scheme} 'ftp://h/x'`,
    `urls.txt:6 ${malformed} '//h/y'`,
    `urls.txt:7 ${scheme} 'data:,x'`,
    `urls.txt:8 ${malformed} 'http://h:99999/'`,
    "urls.txt:9 http://h/8",
  ]);
});

test("readInputs() reads arguments, stdin and files in the order given", async () => {
  const terminal = new FakeTerminal();
  terminal.stdin = ["https://h/in"];
  terminal.files.contents.set("f", "https://h/f\r");
  assertEquals(await read(["https://h/a", "-", "@f", "bad"], terminal), [
    "argument 1 https://h/a",
    "-:1 https://h/in",
    "f:1 https://h/f",
    "argument 4 Cannot fetch as the URL must be absolute and well-formed: received 'bad'",
  ]);
});

test("readInputs() shows no secret of a bad URL", async () => {
  const [line = ""] = await read(["ftp://user:s3cret@h/x?token=s3cret"], new FakeTerminal());
  assertEquals(line.includes("s3cret"), false, line);
});

test("readInputs() pulls a line only when it is asked for one", async () => {
  const terminal = new FakeTerminal();
  let pulled = 0;
  terminal.stdin = (function* () {
    while (true) yield `https://h/${++pulled}`;
  })();
  const inputs = readInputs(["-"], terminal, new AbortController().signal);
  await inputs.next();
  await inputs.next();
  assertEquals(pulled, 2);
});

test("readInputs() reports a source that breaks, and goes on with the next", async () => {
  const terminal = new FakeTerminal();
  terminal.stdin = (function* () {
    yield "https://h/1";
    throw new Error("disk on fire");
  })();
  assertEquals(await read(["-", "https://h/2"], terminal), [
    "-:1 https://h/1",
    "-:2 Cannot read on: disk on fire",
    "argument 2 https://h/2",
  ]);
});

test("readInputs() ends without an error when its signal aborts, also while it waits for a line", async () => {
  const terminal = new FakeTerminal();
  const controller = new AbortController();
  terminal.stdin = (async function* () {
    yield "https://h/1";
    controller.abort();
    await new Promise(() => {});
  })();
  const inputs = await Array.fromAsync(readInputs(["-", "https://h/2"], terminal, controller.signal));
  assertEquals(inputs.map(({ text }) => text), ["https://h/1"]);
});

test("checkOperands() asks for something to fetch", async () => {
  await assertRejects(() => checkOperands([], new FakeTerminal()), UsageError, "Nothing to fetch");
});

test("checkOperands() refuses files that are not there, before anything is fetched", async () => {
  const terminal = new FakeTerminal();
  await terminal.files.makeFolder("dir");
  for (const operand of ["@", "@missing"]) {
    await assertRejects(
      () => checkOperands([operand], terminal),
      UsageError,
      `Cannot read '${operand}' as there is no such file`,
    );
  }
  await assertRejects(
    () => checkOperands(["@dir"], terminal),
    UsageError,
    "Cannot read '@dir' as it is a folder",
  );
});

test("isSingleUrl() and knownTotal() know what is known before reading", () => {
  assertEquals([["https://h/"], ["-"], ["@f"], ["a", "b"]].map(isSingleUrl), [true, false, false, false]);
  assertEquals([["a"], ["a", "b"], ["a", "-"], ["@f"]].map(knownTotal), [1, 2, undefined, undefined]);
});

test("S17: readInputs() shows no password that makes a URL malformed", async () => {
  for (const delimiter of ["/", "?", "#", "\\"]) {
    const [line = ""] = await read([`https://user:s3cret${delimiter}x@h/`], new FakeTerminal());
    assertEquals(line.includes("s3cret"), false, line);
  }
});

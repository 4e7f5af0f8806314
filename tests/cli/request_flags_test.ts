import { assertEquals, assertRejects } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { REQUEST_FLAGS, requestFlagParts } from "../../src/cli/request_flags.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

function partsOf(args: readonly string[], terminal: FakeTerminal = new FakeTerminal(), readsStdin = false) {
  return requestFlagParts(readArgs(args, REQUEST_FLAGS).flags, terminal, readsStdin);
}

const decoded = (body: unknown): Promise<string> => (body as Blob).text();

test("requestFlagParts() returns nothing without flags", async () => {
  assertEquals(await partsOf([]), { method: undefined, headers: {}, body: undefined });
});

test("requestFlagParts() reads method, headers, credentials and agent", async () => {
  assertEquals(await partsOf(["-X", "put", "-H", "X-A: 1", "-u", "me:pä:ss", "-A", "robot/1"]), {
    method: "PUT",
    headers: { authorization: `Basic ${btoa("me:p\u00c3\u00a4:ss")}`, "user-agent": "robot/1", "x-a": "1" },
    body: undefined,
  });
});

test("requestFlagParts() accepts a body in the flag, a file or stdin; an explicit header takes precedence", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("body.json", '{"a":1}');
  terminal.stdin = ["from ", "stdin"];
  const form = await partsOf(["-d", "a=1"]);
  assertEquals([form.method, form.body, form.headers], [
    "POST",
    "a=1",
    { "content-type": "application/x-www-form-urlencoded" },
  ]);
  const json = await partsOf(["--json", "@body.json", "-H", "accept: text/plain"], terminal);
  assertEquals([json.method, await decoded(json.body), json.headers], [
    "POST",
    '{"a":1}',
    { "content-type": "application/json", accept: "text/plain" },
  ]);
  assertEquals(await decoded((await partsOf(["-d", "@-"], terminal)).body), "from stdin");
});

test("requestFlagParts() keeps a file as a blob, which a retry need not copy, and an empty one as a text", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("body", "text");
  terminal.files.contents.set("empty", "");
  terminal.files.read = async function* (path) {
    for (const letter of this.contents.get(path)!) {
      yield await Promise.resolve(new TextEncoder().encode(letter));
    }
  };
  for (const args of [["-d", "@body"], ["--json", "@body"], ["-d", "@body", "-d", "@empty"]]) {
    const { body } = await partsOf(args, terminal);
    assertEquals([body instanceof Blob, await decoded(body)], [true, args.length > 2 ? "text&" : "text"]);
  }
  for (const flag of ["-d", "--json"]) assertEquals((await partsOf([flag, "@empty"], terminal)).body, "");
});

test("requestFlagParts() accepts an empty body", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const args of [["-d", ""], ["--data="], ["-d", "", "-X", "PUT"]]) {
    const method = args.includes("-X") ? "PUT" : "POST";
    assertEquals(await partsOf(args), { method, body: "", headers }, args.join(" "));
  }
  await assertRejects(() => partsOf(["-d", "", "-X", "GET"]), UsageError, "'--method GET' can't have a body");
});

test("requestFlagParts() joins several texts and files of a form, in order", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("b", "b=2");
  terminal.stdin = ["c=3"];
  assertEquals(await decoded((await partsOf(["-d", "a=1", "--data", "@b"], terminal)).body), "a=1&b=2");
  assertEquals(await decoded((await partsOf(["-d@b", "-da=1", "-d@-"], terminal)).body), "b=2&a=1&c=3");
  for (const args of [["-d", "@-", "-d", "@-"], ["-d", "@-", "-d", "a", "-d", "@-"]]) {
    await assertRejects(() => partsOf(args), UsageError, "'--data @-' may be given once");
  }
  await assertRejects(() => partsOf(["-d", "a", "-d", "@-"], terminal, true), UsageError, "both read stdin");
});

test("requestFlagParts() refuses parts that can't be sent, and shows no password", async () => {
  const cases: readonly (readonly [string, ...string[]])[] = [
    ["'--data' and '--json' exclude each other", "-d", "a", "--json", "1"],
    ["'--json' must be JSON, @file or @-", "--json", "{a:1}"],
    ["'--data' must be a text, @file or @-: missing is missing", "-d", "@missing"],
    ["'--method GET' can't have a body", "-X", "get", "-d", "a"],
    [
      "'--method' must be an HTTP method that can be sent, such as GET or POST: received \"TRACE\"",
      "-X",
      "TRACE",
    ],
    [
      "'--method' must be an HTTP method that can be sent, such as GET or POST: received \"A B\"",
      "-X",
      "A B",
    ],
    ["'--user' must be 'user:password'", "-u", "s3cret"],
    ["'--agent' must be a text in latin-1 letters on one line: received \"a\\nb\"", "-A", "a\nb"],
    ["'--agent' must be a text in latin-1 letters on one line: received \"日\"", "-A", "日"],
    ["'--user' must be 'user:password'", "-u", "a:s3cret\n"],
  ];
  for (const [message, ...args] of cases) {
    const error = await assertRejects(() => partsOf(args), UsageError);
    assertEquals([error.message, error.message.includes("s3cret")], [message, false]);
  }
  await assertRejects(
    () => partsOf(["-d", "@-"], new FakeTerminal(), true),
    UsageError,
    "'--data @-' and '-' both read stdin",
  );
});

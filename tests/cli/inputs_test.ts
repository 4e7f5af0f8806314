import { link } from "node:fs/promises";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { checkOperands, checkWritten, isSingleUrl, knownTotal, readInputs } from "../../src/cli/inputs.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function read(operands: readonly string[], terminal: FakeTerminal): Promise<string[]> {
  const inputs = await Array.fromAsync(
    readInputs(operands, terminal, { signal: new AbortController().signal }),
  );
  return inputs.map((input) => `${input.where} ${input.ok ? input.url.href : input.error.message}`);
}

test("readInputs() skips blank lines and comments, and counts them", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("urls.txt", "# list\n\n  https://h/a  \n\t\n#https://h/no\nhttps://h/b");
  assertEquals(await read(["@urls.txt"], terminal), ["urls.txt:3 https://h/a", "urls.txt:6 https://h/b"]);
});

test("readInputs() skips comments among the lines of a URL, and those below a plain URL", async () => {
  const terminal = new FakeTerminal();
  const text = [
    "https://h/a",
    "  # why",
    "  method=PUT",
    "\t#header=X: 1",
    '{"url":"https://h/b"}',
    "  # no line of it",
    "#https://h/c",
    "  method=DELETE",
    "https://h/d",
  ].join("\n");
  terminal.files.contents.set("urls.txt", text);
  assertEquals(await read(["@urls.txt"], terminal), [
    "urls.txt:1 https://h/a",
    "urls.txt:5 https://h/b",
    "urls.txt:9 https://h/d",
  ]);
  const { signal } = new AbortController();
  const inputs = await Array.fromAsync(readInputs(["@urls.txt"], terminal, { signal }));
  assertEquals(inputs.map((input) => input.ok && [input.parts.method, input.parts.headers]), [
    ["PUT", undefined],
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test("readInputs() reports a bad URL with its line number, and reads on", async () => {
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

test("readInputs() sends nothing of a URL with an unknown line below it", async () => {
  const terminal = new FakeTerminal();
  for (const line of ["Method=PUT", "max-tries=3", "method = PUT", "METHOD=PUT"]) {
    terminal.files.contents.set("f", `https://h/1\n  ${line}\nhttps://h/2`);
    const [first = "", ...others] = await read(["@f"], terminal);
    assertMatch(first, /^f:1 Cannot fetch as '.*' is unknown in a line below a URL: /);
    assertEquals(others, ["f:3 https://h/2"]);
  }
});

test("readInputs() refuses lines that belong to no URL, and shows no secret of them", async () => {
  const terminal = new FakeTerminal();
  const line = "header=authorization: s3cret";
  const refused = "Cannot fetch as a line such as 'header=…' must be indented, and in a file below a URL";
  terminal.files.contents.set(
    "f",
    ["https://h/1", "", `  ${line}`, "https://h/2", line, "  out=x"].join("\n"),
  );
  assertEquals(await read(["@f"], terminal), [
    "f:1 https://h/1",
    `f:3 ${refused}`,
    "f:4 https://h/2",
    `f:5 ${refused}`,
  ]);
  terminal.stdin = ["https://h/1", `  ${line}`, line];
  assertEquals(await read(["-"], terminal), ["-:1 https://h/1", `-:2 ${refused}`, `-:3 ${refused}`]);
  // With a base it may be a URL.
  const signal = new AbortController().signal;
  terminal.stdin = ["a=1", "  a=1"];
  const inputs = await Array.fromAsync(
    readInputs(["-"], terminal, { signal, base: new URL("https://h/b/") }),
  );
  assertEquals(inputs.map((input) => input.ok ? input.url.href : input.error.message), [
    "https://h/b/a=1",
    refused,
  ]);
});

test("readInputs() shows no secret of a bad URL", async () => {
  const [line = ""] = await read(["ftp://user:s3cret@h/x?token=s3cret"], new FakeTerminal());
  assertEquals(line.includes("s3cret"), false, line);
});

test("readInputs() reads a line only when it is asked for one", async () => {
  const terminal = new FakeTerminal();
  let pulled = 0;
  terminal.stdin = (function* () {
    while (true) yield `https://h/${++pulled}`;
  })();
  const inputs = readInputs(["-"], terminal, { signal: new AbortController().signal });
  await inputs.next();
  await inputs.next();
  assertEquals(pulled, 2);
});

test("readInputs() reports a source that breaks off, and goes on with the next", async () => {
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
  const inputs = await Array.fromAsync(
    readInputs(["-", "https://h/2"], terminal, { signal: controller.signal }),
  );
  assertEquals(inputs.map(({ text }) => text), ["https://h/1"]);
});

test("checkOperands() requires something to fetch", async () => {
  await assertRejects(() => checkOperands([], new FakeTerminal()), UsageError, "Nothing to fetch");
});

test("checkOperands() refuses stdin that is named twice", async () => {
  await checkOperands(["https://h/a", "-", "https://h/a"], new FakeTerminal());
  for (const operands of [["-", "-"], ["-", "https://h/a", "-"]]) {
    await assertRejects(
      () => checkOperands(operands, new FakeTerminal()),
      UsageError,
      "'-' may be given once",
    );
  }
});

test("checkWritten() refuses to write the file that is read, under any name", async () => {
  await using temp = await tempFolder();
  await temp.write("urls", "https://h/a");
  await temp.write("other", "");
  await temp.link("link", "urls");
  await link(`${temp.path}/urls`, `${temp.path}/hard`);
  await temp.folder("below");
  const terminal = new FakeTerminal(currentTerminal().files);
  const at = (name: string) => `${temp.path}/${name}`;
  for (
    const [read, written] of [
      ["urls", "urls"],
      ["urls", "link"],
      ["link", "urls"],
      ["urls", "hard"],
      ["urls", "below/../urls"],
    ]
  ) {
    for (const flag of ["output", "manifest"]) {
      await assertRejects(
        () => checkWritten(["https://h/b", `@${at(read!)}`], { [flag]: at(written!) }, terminal),
        UsageError,
        `'--${flag}' must be another file than '@${at(read!)}'`,
      );
    }
  }
  await checkWritten([`@${at("urls")}`], { output: at("other"), manifest: at("new") }, terminal);
  await checkWritten([`@${at("urls")}`, "-"], { output: undefined, manifest: undefined }, terminal);
  await checkWritten([`@/dev/null`, "-"], { output: "/dev/null" }, terminal);
});

test("checkOperands() names a file that it can't examine", async () => {
  await using temp = await tempFolder();
  await temp.link("a", "b");
  await temp.link("b", "a");
  for (const path of [`${temp.path}/${"n".repeat(300)}`, `${temp.path}/a`]) {
    await assertRejects(
      () => checkOperands([`@${path}`], currentTerminal()),
      UsageError,
      `Cannot read '@${path}': `,
    );
  }
});

test("checkOperands() refuses missing files, before anything is fetched", async () => {
  const terminal = new FakeTerminal();
  await terminal.files.makeFolder("dir");
  for (const operand of ["@", "@missing"]) {
    await assertRejects(
      () => checkOperands([operand], terminal),
      UsageError,
      `Cannot read '${operand}' as there is no such file`,
    );
  }
  await assertRejects(() => checkOperands(["@-"], terminal), UsageError, "no such file: stdin is '-'");
  await assertRejects(
    () => checkOperands(["@dir"], terminal),
    UsageError,
    "Cannot read '@dir' as it is a folder",
  );
});

test("isSingleUrl() and knownTotal() use what is known before the inputs are read", () => {
  assertEquals([["https://h/"], ["-"], ["@f"], ["a", "b"]].map(isSingleUrl), [true, false, false, false]);
  assertEquals([["a"], ["a", "b"], ["a", "-"], ["@f"]].map(knownTotal), [1, 2, undefined, undefined]);
});

test("S17: readInputs() shows no password that makes a URL malformed", async () => {
  for (const delimiter of ["/", "?", "#", "\\"]) {
    const [line = ""] = await read([`https://user:s3cret${delimiter}x@h/`], new FakeTerminal());
    assertEquals(line.includes("s3cret"), false, line);
  }
});

async function readParts(...lines: readonly string[]) {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("f", lines.join("\n"));
  const { signal } = new AbortController();
  const inputs = await Array.fromAsync(readInputs(["@f"], terminal, { signal }));
  return inputs.map((
    input,
  ) => [input.where, input.ok ? { url: input.url.href, ...input.parts } : input.error.message]);
}

test("readInputs() reads the indented lines below a URL, and counts them", async () => {
  assertEquals(
    await readParts(
      "https://h/1",
      "  header=X-A: 1",
      "\theader=X-B: a=b",
      "  out=a/1.json",
      "# no more",
      "https://h/2",
      "https://h/3",
      "  method=put",
      '  json={"a": 1}',
    ),
    [
      ["f:1", { url: "https://h/1", headers: { "x-a": "1", "x-b": "a=b" }, out: "a/1.json" }],
      ["f:6", { url: "https://h/2", out: undefined }],
      [
        "f:7",
        {
          url: "https://h/3",
          method: "PUT",
          headers: { "content-type": "application/json", accept: "application/json" },
          body: '{"a": 1}',
          out: undefined,
        },
      ],
    ],
  );
});

test("readInputs() reads requests in JSON, from files and from stdin", async () => {
  const line =
    '{"url": "h.test/1", "method": "post", "headers": {"X-A": "1"}, "body": {"a": [1]}, "out": "x"}';
  const expected = {
    url: "https://h.test/1",
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-a": "1" },
    body: '{"a":[1]}',
    out: "x",
  };
  assertEquals(await readParts(line), [["f:1", expected]]);
  const terminal = new FakeTerminal();
  terminal.stdin = [line, "https://h/2"];
  assertEquals(await read(["-"], terminal), ["-:1 https://h.test/1", "-:2 https://h/2"]);
});

test("readInputs() accepts URLs in quotes, as jq writes them", async () => {
  const terminal = new FakeTerminal();
  terminal.stdin = ['"https://h/1?a=\\u0026"', '  "h.test/2"  ', '"h.test/3', '"h.test/4" x', '"a b"', '""'];
  assertEquals(await read(["-"], terminal), [
    "-:1 https://h/1?a=&",
    "-:2 https://h.test/2",
    "-:3 Cannot fetch as the line must be a URL or a JSON object: received broken JSON",
    "-:4 Cannot fetch as the line must be a URL or a JSON object: received broken JSON",
    "-:5 Cannot fetch as the URL must be absolute and well-formed: received 'a b'",
    "-:6 Cannot fetch as the URL must be absolute and well-formed: received ''",
  ]);
  const below = await readParts('"https://h/1"', "  method=PUT");
  assertEquals(below, await readParts("https://h/1", "  method=PUT"));
});

test("readInputs() says what is wrong with a request, without its secrets, and reads on", async () => {
  const lines = await readParts(
    "https://h/1",
    "  haeder=X: s3cret",
    "https://h/2",
    "  header=no colon",
    "https://h/3",
    "  method=TRACE",
    "https://h/4",
    "  data=1",
    "  json=1",
    "https://h/5",
    "  out=1",
    "  out=2",
    '{"url": "https://h/6", "token": "s3cret"}',
    '{"url": "https://h/7", "headers": {"x": 1}}',
    '{"url": s3cret',
    '{"method": "GET"}',
    "https://h/8",
  );
  assertEquals(lines.map(([where, what]) => `${where} ${typeof what === "string" ? what : "fine"}`), [
    "f:1 Cannot fetch as 'haeder' is unknown in a line below a URL: did you mean 'header'?",
    `f:3 Cannot fetch as 'header' must be 'Name: value' in latin-1 letters on one line: received "no…"`,
    `f:5 Cannot fetch as 'method' must be an HTTP method that can be sent, such as GET or POST: received "TRACE"`,
    "f:7 Cannot fetch as 'data' and 'json' exclude each other",
    "f:10 Cannot fetch as 'out' comes twice",
    "f:13 Cannot fetch as 'token' is unknown in a request: url, method, headers, body, json, out",
    "f:14 Cannot fetch as 'headers.x' must be a text: received number",
    "f:15 Cannot fetch as the line must be a URL or a JSON object: received broken JSON",
    "f:16 Cannot fetch as the URL must be absolute and well-formed: received ''",
    "f:17 fine",
  ]);
});

test("readInputs() resolves relative URLs against a base, and refuses them without one", async () => {
  const base = new URL("https://cdn.test/data");
  const { signal } = new AbortController();
  const operands = ["a.json", "/b.json", "https://h/c"];
  const inputs = await Array.fromAsync(readInputs(operands, new FakeTerminal(), { signal, base }));
  assertEquals(inputs.map((input) => input.ok && input.url.href), [
    "https://cdn.test/data/a.json",
    "https://cdn.test/data/b.json",
    "https://h/c",
  ]);
});

import { assert, assertEquals } from "@std/assert";
import { type FlagSpecs, readArgs, UsageError } from "../../../src/cli/args.ts";
import { cacheCommand } from "../../../src/cli/cache.ts";
import { demoCommand } from "../../../src/cli/demo.ts";
import { f1Command } from "../../../src/cli/f1.ts";
import { getCommand } from "../../../src/cli/get.ts";
import { main } from "../../../src/cli/main.ts";
import { parseCount, parseDuration, parseHeaders, parseMethod, parseRate } from "../../../src/cli/values.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";
import { FakeTerminal } from "../../cli/fake_terminal.ts";

const COMMANDS = [getCommand, f1Command, cacheCommand, demoCommand];

/** Values of flags and operands: nearly right ones, wrong ones, and the names of properties that all objects have. */
const word = fc.oneof(
  fc.constantFrom(
    "",
    "-",
    "--",
    "---",
    "-1",
    "0",
    "1e3",
    "5s",
    "20/s",
    "NaN",
    "a.test",
    "https://a.test/x",
    "https://[",
    "ftp://a.test",
    "@urls.txt",
    "@",
    "Name: value",
    ":",
    "a=b",
    "{",
    "__proto__",
    "constructor",
    "\0",
    "ä",
    "GET",
    "../..",
  ),
  fc.string({ maxLength: 6 }),
);

/** Valid arguments of 'get', so that the command does not refuse every draw at once. */
const GOOD = [
  "https://a.test/x",
  "a.test/y",
  "@urls.txt",
  "--concurrency=2",
  "--retries=0",
  "--timeout=5s",
  "--ndjson",
  "--ordered",
  "--out=out",
  "--header=A: 1",
  "--data=x",
  "-XPOST",
  "--json-errors",
  "--quiet",
  "--fail-fast",
  "--base-url=https://b.test",
];

/** Draws arguments for a command: its own flags with and without values, other flags, and operands. */
function argsOf(specs: FlagSpecs): fc.Arbitrary<string[]> {
  const names = [
    ...Object.keys(specs),
    "unknown",
    "__proto__",
    "constructor.prototype.x",
    "no-quiet",
    "toString",
  ];
  const letters = ["H", "d", "h", "X", "x", "0"];
  const argument = fc.oneof(
    { arbitrary: fc.constantFrom(...GOOD), weight: 4 },
    word,
    fc.constantFrom(...names).map((name) => `--${name}`),
    fc.tuple(fc.constantFrom(...names), word).map(([name, value]) => `--${name}=${value}`),
    fc.tuple(fc.constantFrom(...letters), word).map(([letter, value]) => `-${letter}${value}`),
  );
  return fc.array(argument, { maxLength: 6 });
}

for (const { name, flags } of COMMANDS) {
  test(`readArgs() gives a plan or a UsageError for anything that '${name}' is given`, () => {
    fc.assert(fc.property(argsOf(flags), (args) => {
      try {
        const { flags: given, operands } = readArgs(args, flags);
        assertEquals(Object.keys(given).sort(), Object.keys(flags).sort());
        for (const [flag, { kind }] of Object.entries(flags)) {
          const value: unknown = given[flag];
          if (kind === "switch") assertEquals(typeof value, "boolean");
          else if (kind === "list") {
            assert(Array.isArray(value) && value.every((each) => typeof each === "string"));
          } else assert(value === undefined || typeof value === "string", `--${flag}: ${typeof value}`);
        }
        for (const operand of operands) assert(args.includes(operand), operand);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
      }
    }));
    assertEquals(({} as { x?: unknown }).x, undefined);
  });
}

/** Matches the messages of the JavaScript engine about mistakes in a program. */
const MISTAKE = /undefined|is not a|not iterable|Cannot (?:read propert|convert|destructure)|\[object /;

/** Runs the program without a network, and asserts that it ends properly. */
async function checkMain(args: readonly string[]): Promise<void> {
  const terminal = new FakeTerminal();
  terminal.files.contents.set("urls.txt", "https://a.test/1\n  method=PUT\n{\n\n# no\n");
  const fetch = (): Promise<Response> => Promise.resolve(Response.json([1]));
  const code = await main(args, terminal, { fetch: fetch as typeof globalThis.fetch });
  const told = `${JSON.stringify(args)}: ${code} ${terminal.stderr.text}`;
  assert([0, 1, 2].includes(code), told);
  if (code === 2) {
    const isJson = terminal.stderr.text.startsWith("{");
    if (args[0] === "get") assertEquals(isJson, untilDashes(args).includes("--json-errors"), told);
    if (isJson) assertEquals(JSON.parse(terminal.stderr.text).name, "UsageError", told);
    else assert(terminal.stderr.text.startsWith("slipstream: ") && /usage/i.test(terminal.stderr.text), told);
    assertEquals(terminal.stdout.text, "");
  }
  assert(!MISTAKE.test(terminal.stderr.text.replaceAll(/"[^"\n]*"/g, "")), told);
  assertEquals(terminal.interruptListeners, 0);
}

function untilDashes(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}

test("main() ends with 0, 1 or 2, and the usage on 2, whatever 'get' is given", async () => {
  // Leave out flags that need a folder for the cache, or that would make the program wait.
  const args = argsOf(getCommand.flags).filter((args) =>
    !args.some((arg) => /^--(?:cache|report|rate|fetch)/.test(arg))
  );
  await fc.assert(fc.asyncProperty(args, (args) => checkMain(["get", ...args])), { numRuns: 500 });
});

test("main() ends with 0, 1 or 2, and the usage on 2, whatever it is given besides", async () => {
  const command = fc.oneof(
    fc.constantFrom("help", "completions", "version", "-V", "--help", "", "gets"),
    word,
  ).filter((
    name,
  ) => !COMMANDS.some((command) => command.name === name));
  await fc.assert(
    fc.asyncProperty(command, fc.array(word, { maxLength: 3 }), (name, args) => checkMain([name, ...args])),
  );
});

test("parseCount(), parseDuration(), parseRate(), parseMethod() and parseHeaders() give what is good or a UsageError", () => {
  const text = fc.oneof(
    word,
    fc.double().map(String),
    fc.tuple(fc.double(), fc.constantFrom("s", "ms", "min", "h", "/s", "/5ms", "d")).map((parts) =>
      parts.join("")
    ),
    fc.constant("9".repeat(400)),
  );
  const parsers: Readonly<Record<string, (text: string) => readonly number[]>> = {
    count: (text) => [parseCount("x", text)],
    duration: (text) => [parseDuration("x", text)],
    rate: (text) => Object.values(parseRate("x", text)),
    method: (text) => [parseMethod("x", text).length],
    headers: (text) => [Object.keys(parseHeaders("x", [text])).length],
  };
  fc.assert(fc.property(fc.constantFrom(...Object.keys(parsers)), text, (name, text) => {
    try {
      for (const number of parsers[name]!(text)) {
        assert(number > 0 && number < Infinity, `${name}: ${number}`);
      }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      assert(error.message.startsWith("'--x' must be "), error.message);
    }
  }));
});

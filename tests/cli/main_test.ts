import { assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { VERSION } from "../../src/cli/version.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

test("main() shows the commands on stdout when it is asked for help", async () => {
  for (const help of ["--help", "-h", "help"]) {
    const terminal = new FakeTerminal();
    assertEquals(await main([help], terminal), 0);
    assertStringIncludes(terminal.stdout.text, "Usage: slipstream <command>");
    assertEquals(terminal.stderr.text, "");
  }
});

test("main() shows the commands on stderr and ends with 2 without a command, or for an unknown one", async () => {
  for (
    const [args, message] of [
      [[], "No command"],
      [["caches"], 'Unknown command: "caches" (did you mean cache?)'],
      [["help", "gte"], 'Unknown command: "gte" (did you mean get?)'],
      [["help", "get", "f1"], "'help' takes one command"],
      [["--quiet", "get"], 'Unknown command: "--quiet"'],
      [["toString"], 'Unknown command: "toString"'],
      [
        ["https://user:s3cret@h/a?token=s3cret"],
        'Unknown command: "https://***@h/a?token=***" (did you mean get?)',
      ],
    ] as const
  ) {
    const terminal = new FakeTerminal();
    assertEquals(await main(args, terminal), 2);
    assertEquals(terminal.stderr.text.split("\n"), [
      `slipstream: ${message}`,
      "Usage: slipstream <get|f1|cache|demo|completions> …",
      "More: slipstream help",
      "",
    ]);
    assertEquals(terminal.stdout.text, "");
  }
});

test("main() ends with 1 and one line after an unexpected error", async () => {
  const terminal = new FakeTerminal();
  terminal.files.realPath = (path) => Promise.resolve(path);
  terminal.files.kind = () => Promise.reject(new Error("disk on fire"));
  assertEquals(await main(["get", "https://h/a", "--manifest", "all.ndjson"], terminal), 1);
  assertEquals(terminal.stderr.text, "slipstream: disk on fire\n");
});

test("main() writes its errors as JSON where the arguments ask for that", async () => {
  for (
    const [args, message] of [
      [["get", "--json-errors"], "Nothing to fetch: give URLs, '-' or '@file'"],
      [["get", "--nope", "--json-errors", "https://h/a"], "Unknown flag: --nope"],
      [
        ["get", "-v", "--json-errors", "https://h/a"],
        "'--verbose' and '--json-errors' exclude each other",
      ],
      [
        ["f1", "--json-errors"],
        "'f1' takes a year, an event and a session, or less to list them: received 0 of them",
      ],
    ] as const
  ) {
    const terminal = new FakeTerminal();
    assertEquals(await main(args, terminal), 2);
    const [name] = args;
    assertEquals(JSON.parse(terminal.stderr.text), {
      where: name,
      subject: name,
      name: "UsageError",
      message,
    });
    assertEquals(terminal.stderr.text.endsWith("}\n"), true);
  }
  for (const args of [["get", "--nope", "--", "--json-errors"], ["cache", "--json-errors"]]) {
    const terminal = new FakeTerminal();
    assertEquals(await main(args, terminal), 2);
    assertStringIncludes(terminal.stderr.text, "slipstream: Unknown flag: --");
  }
});

const COMMANDS = ["get", "f1", "cache", "demo", "completions"];

test("main() shows the same help for `help COMMAND` as for `COMMAND --help`", async () => {
  for (const command of COMMANDS) {
    const [asked, flagged] = [new FakeTerminal(), new FakeTerminal()];
    assertEquals(await main(["help", command], asked), 0);
    assertEquals(await main([command, "--help"], flagged), 0);
    assertEquals(asked.stdout.text, flagged.stdout.text);
    assertStringIncludes(asked.stdout.text, `Usage: slipstream ${command} `);
  }
});

test("main() shows no help wider than 80 columns", async () => {
  for (const args of [[], ...COMMANDS.map((command) => [command])]) {
    const terminal = new FakeTerminal();
    await main(["help", ...args], terminal);
    for (const line of terminal.stdout.text.split("\n")) assertEquals(line.length < 80, true, line);
  }
});

test("main() prints its version", async () => {
  for (const flag of ["--version", "-V", "version"]) {
    const terminal = new FakeTerminal();
    assertEquals(await main([flag], terminal), 0);
    assertEquals(terminal.stdout.text, `slipstream ${VERSION}\n`);
  }
});

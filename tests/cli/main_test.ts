import { assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
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

test("main() shows the commands on stderr and ends with 2 without a command, or with one that it does not have", async () => {
  for (
    const [args, message] of [
      [[], "No command"],
      [["caches"], 'Unknown command: "caches"'],
      [["--quiet", "get"], 'Unknown command: "--quiet"'],
      [["toString"], 'Unknown command: "toString"'],
      [["https://user:s3cret@h/a?token=s3cret"], 'Unknown command: "https://***@h/a?token=***"'],
    ] as const
  ) {
    const terminal = new FakeTerminal();
    assertEquals(await main(args, terminal), 2);
    assertEquals(terminal.stderr.text.split("\n", 3), [
      `slipstream: ${message}`,
      "",
      "Usage: slipstream <command> …",
    ]);
    assertEquals(terminal.stdout.text, "");
  }
});

test("main() ends with 1 and one line when something unexpected breaks", async () => {
  const terminal = new FakeTerminal();
  terminal.files.kind = () => Promise.reject(new Error("disk on fire"));
  assertEquals(await main(["get", "@urls.txt"], terminal), 1);
  assertEquals(terminal.stderr.text, "slipstream: disk on fire\n");
});

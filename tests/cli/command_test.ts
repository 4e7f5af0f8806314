import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Command, commandUsage, HELP_FLAG, helpColumns, programUsage } from "../../src/cli/command.ts";
import { test } from "../support/test.ts";

const COMMAND: Command = {
  name: "sail",
  operands: "<where>",
  summary: "Sails somewhere",
  details: ["And back."],
  flags: { speed: { kind: "value", value: "KNOTS", help: "how fast" }, ...HELP_FLAG },
  run: () => Promise.resolve(0),
};

test("commandUsage() lists every flag with its value, in columns", () => {
  assertEquals(
    commandUsage(COMMAND),
    [
      "Usage: slipstream sail <where> [flags]",
      "",
      "Sails somewhere.",
      "And back.",
      "",
      "Flags:",
      "      --speed KNOTS   how fast",
      "  -h, --help          show this",
      "",
    ].join("\n"),
  );
});

test("programUsage() lists the commands and the exit codes", () => {
  const usage = programUsage([COMMAND, { ...COMMAND, name: "hi" }]);
  assertStringIncludes(usage, "\n  sail   Sails somewhere\n  hi     Sails somewhere\n");
  assert(/0 .* 1 .* 2 .* 130 /.test(usage), usage);
});

test("commandUsage() breaks long texts between words, below their own column", () => {
  const long = "word ".repeat(40).trim();
  const lines = commandUsage({ ...COMMAND, details: [long], flags: { x: { kind: "switch", help: long } } })
    .split("\n");
  for (const line of lines) assert(line.length < 80 && line === line.trimEnd(), line);
  assertEquals(lines.join(" ").match(/word/g)?.length, 80);
  assertEquals(lines.filter((line) => /^ {12}word/.test(line)).length, 3);
});

test("commandUsage() and programUsage() fit narrow terminals, with texts below their titles", () => {
  const long = "several words of help ".repeat(5).trim();
  const command = {
    ...COMMAND,
    details: [long],
    flags: { speed: { kind: "value", value: "KNOTS", help: long } },
  } as const;
  for (let columns = 24; columns <= 100; columns++) {
    for (const text of [commandUsage(command, columns), programUsage([command], columns)]) {
      // The usage line has its own place for line breaks.
      const lines = text.split("\n").filter((line) => !line.startsWith("Usage: "));
      for (const line of lines) {
        assert(line.length <= columns && line === line.trimEnd(), `${columns}: ${line}`);
      }
      assertStringIncludes(text.replace(/\s+/g, " "), "Sails somewhere");
    }
    const besides = /--speed KNOTS {3}several/.test(commandUsage(command, columns));
    assertEquals(besides, columns >= 52, String(columns));
  }
  assertStringIncludes(commandUsage(command, 40), "\n  --speed KNOTS\n      several words of help several\n");
});

test("helpColumns() leaves the last column free, and is never wider than a usual terminal", () => {
  const widths = [[40, true], [80, true], [200, true], [40, false]].map(([columns, isTerminal]) =>
    helpColumns({
      isTerminal: isTerminal as boolean,
      columns: () => columns as number,
      write: () => Promise.resolve(true),
    })
  );
  assertEquals(widths, [39, 79, 79, 79]);
});

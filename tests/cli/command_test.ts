import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Command, commandUsage, HELP_FLAG, programUsage } from "../../src/cli/command.ts";
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

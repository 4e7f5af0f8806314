import { assertEquals, assertThrows } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { test } from "../support/test.ts";

const SPECS = {
  out: { kind: "value", value: "DIR", help: "" },
  retries: { kind: "value", value: "N", help: "" },
  header: { kind: "list", short: "H", value: "H", help: "" },
  quiet: { kind: "switch", help: "" },
  "fail-fast": { kind: "switch", help: "" },
  data: { kind: "value", short: "d", dash: true, value: "TEXT", help: "" },
  help: { kind: "switch", short: "h", help: "" },
} as const;

const NONE = {
  out: undefined,
  retries: undefined,
  header: [],
  quiet: false,
  "fail-fast": false,
  data: undefined,
  help: false,
};

test("readArgs() sorts flags and operands, in any order", () => {
  const { flags, operands } = readArgs(
    ["a", "--out=x=y", "--quiet", "b", "--header", "A: 1", "--header=B: 2", "-", "--retries", "3"],
    SPECS,
  );
  assertEquals(flags, { ...NONE, out: "x=y", retries: "3", header: ["A: 1", "B: 2"], quiet: true });
  assertEquals(operands, ["a", "b", "-"]);
});

test("readArgs() returns a value for every flag, also for those not given", () => {
  assertEquals(readArgs([], SPECS), { flags: NONE, operands: [] });
});

test("readArgs() keeps operands that look like numbers as they are", () => {
  assertEquals(readArgs(["2025", "1e3", "007"], SPECS).operands, ["2025", "1e3", "007"]);
});

test("readArgs() takes a value as it is", () => {
  for (const value of ["a\nb=c", "=", "--x", "true", " "]) {
    assertEquals(readArgs([`--data=${value}`, "u"], SPECS), {
      flags: { ...NONE, data: value },
      operands: ["u"],
    });
    if (value.startsWith("-")) continue;
    assertEquals(readArgs(["--data", value, "u"], SPECS), {
      flags: { ...NONE, data: value },
      operands: ["u"],
    });
  }
});

test("readArgs() keeps an operand 'true' or 'false' behind a switch", () => {
  const specs = { ...SPECS, "no-cache": { kind: "switch", help: "" } } as const;
  for (
    const args of [["--quiet", "false"], ["-h", "true"], ["--no-cache", "true"], [
      "-h",
      "--quiet",
      "false",
      "true",
    ]]
  ) {
    const { flags, operands } = readArgs(args, specs);
    assertEquals(flags.quiet || flags.help || flags["no-cache"], true, args.join(" "));
    assertEquals(operands, args.filter((arg) => !arg.startsWith("-")));
  }
});

test("readArgs() treats everything after -- as operands", () => {
  const { flags, operands } = readArgs(["--quiet", "--", "--out", "--unknown=1", "-"], SPECS);
  assertEquals(flags, { ...NONE, quiet: true });
  assertEquals(operands, ["--out", "--unknown=1", "-"]);
});

test("readArgs() accepts -h where there is --help", () => {
  assertEquals(readArgs(["-h"], SPECS).flags.help, true);
  assertThrows(() => readArgs(["-h"], {}), UsageError, "Unknown flag: -h");
});

test("readArgs() uses the last of several values", () => {
  assertEquals(readArgs(["--out", "a", "--out", "b"], SPECS).flags.out, "b");
});

const UNKNOWN: readonly (readonly [args: readonly string[], flag: string, meant?: string])[] = [
  [["--haeder", "x"], "--haeder", "header"],
  [["--retires=2"], "--retires", "retries"],
  [["--fail"], "--fail", "fail-fast"],
  [["--retry", "3"], "--retry", "retries"],
  [["--nope"], "--nope"],
  [["--nope=secret"], "--nope"],
  [["--nope", "x"], "--nope"],
  [["-x"], "-x"],
  [["-xh"], "-xh"],
  [["--no-quiet"], "--no-quiet"],
  [["--Out", "x"], "--Out", "out"],
  [["---out"], "---out", "out"],
  [["--out.x", "1"], "--out.x"],
  [["--__proto__", "x"], "--__proto__"],
  [["--constructor=1"], "--constructor"],
  [["--toString"], "--toString"],
  [["-1"], "-1"],
  [["--_"], "--_"],
  [["--_=x"], "--_"],
  [["-_"], "-_"],
  [["-s"], "-s", "quiet"],
  [["-sS"], "-sS", "quiet"],
  [["-L"], "-L"],
  [["-_=x"], "-_"],
  [["--no-out=x"], "--no-out"],
  [["--no-quiet=1"], "--no-quiet"],
];

for (const [args, flag, meant] of UNKNOWN) {
  test(`readArgs() refuses ${args.join(" ")} by its name`, () => {
    const error = assertThrows(() => readArgs(["url", ...args], SPECS), UsageError);
    assertEquals(
      error.message,
      `Unknown flag: ${flag}${meant === undefined ? "" : ` (did you mean --${meant}?)`}`,
    );
  });
}

test("readArgs() reports a missing value", () => {
  for (const args of [["--out"], ["--out="], ["--out", "--quiet"], ["--out", "-"]]) {
    assertThrows(() => readArgs(args, SPECS), UsageError, "'--out' needs a value");
  }
  assertThrows(
    () => readArgs(["--header", "A: 1", "--header"], SPECS),
    UsageError,
    "'--header' needs a value",
  );
});

test("readArgs() tells an empty value from a missing one, where it may be empty", () => {
  const specs = { ...SPECS, data: { kind: "list", short: "d", empty: true, help: "" } } as const;
  for (const args of [["-d", ""], ["--data", ""], ["--data="], ["-d="], ["-hd", ""]]) {
    assertEquals(readArgs([...args, "u"], specs).flags.data, [""], args.join(" "));
    assertEquals(readArgs([...args, "-d", "a", "-d", ""], specs).flags.data, ["", "a", ""], args.join(" "));
    assertEquals(readArgs([...args, "--", "--data"], specs).operands, ["--data"]);
  }
  for (
    const args of [["-d"], ["-d", "", "-d"], ["--data", "--quiet"], ["-d", "--", ""], ["--data=", "--data"]]
  ) {
    assertThrows(() => readArgs(args, specs), UsageError, "'--data' needs a value");
  }
  assertThrows(() => readArgs(["--out", "", "u"], specs), UsageError, "'--out' needs a value");
});

test("readArgs() refuses a value for a switch", () => {
  assertThrows(
    () => readArgs(["--quiet=no"], SPECS),
    UsageError,
    "'--quiet' takes no value: received --quiet=no",
  );
  assertEquals(readArgs(["--", "--quiet=no"], SPECS).operands, ["--quiet=no"]);
});

test("readArgs() accepts a negative number as a value, and leaves it to the flag's rule to refuse it", () => {
  assertEquals(readArgs(["--retries", "-1", "u"], SPECS), {
    flags: { ...NONE, retries: "-1" },
    operands: ["u"],
  });
});

test("readArgs() accepts flags of one letter, with their value after a space, an equals sign or nothing", () => {
  const { flags, operands } = readArgs(["-H", "A: 1", "-HB: 2", "-H=C: 3", "-d", "x", "-h", "u"], SPECS);
  assertEquals([flags.header, flags.data, flags.help, operands], [["A: 1", "B: 2", "C: 3"], "x", true, [
    "u",
  ]]);
  assertThrows(() => readArgs(["-d"], SPECS), UsageError, "'--data' needs a value");
  assertEquals(readArgs(["--", "-H", "x"], SPECS).operands, ["-H", "x"]);
});

test("readArgs() accepts several one-letter switches after one dash, and a last flag with its value", () => {
  for (
    const [args, header] of [[["-qh"], []], [["-hq", "u"], []], [["-qhHA: 1"], ["A: 1"]], [["-hqH", "A: 1"], [
      "A: 1",
    ]]] as const
  ) {
    const { flags } = readArgs(args, { ...SPECS, quiet: { kind: "switch", short: "q", help: "" } });
    assertEquals([flags.help, flags.quiet, flags.header], [true, true, [...header]]);
  }
  assertEquals(readArgs(["-hd", "-", "-"], SPECS).flags.data, "-");
  assertThrows(() => readArgs(["-hd"], SPECS), UsageError, "'--data' needs a value");
  for (const arg of ["-hx", "-hhx", "-h-", "-h1", "-hh1"]) {
    assertThrows(() => readArgs([arg], SPECS), UsageError, `Unknown flag: ${arg}`);
  }
  assertThrows(() => readArgs(["-h=1"], SPECS), UsageError, "Unknown flag: -h");
});

test("readArgs() accepts - as a value where it is one, and as an operand elsewhere", () => {
  assertEquals(readArgs(["-d", "-", "-"], SPECS), { flags: { ...NONE, data: "-" }, operands: ["-"] });
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function demo(...args: string[]): Promise<{ code: number; terminal: FakeTerminal; lines: string[] }> {
  const terminal = new FakeTerminal();
  const code = await main(["demo", ...args], terminal);
  return { code, terminal, lines: terminal.stdout.text.split("\n") };
}

test("slipstream demo uses the numbers in its flags", async () => {
  const { code, lines } = await demo(
    "--drivers",
    "2",
    "--laps",
    "3",
    "--files",
    "7",
    "--latency",
    "2ms",
    "--seed",
    "5",
  );
  assertEquals(code, 0);
  assertEquals(lines.slice(0, 3), [
    "7 JSON files: a race of 2 drivers and 3 laps.",
    "Three mirrors on this machine, each of which takes 2 ms to answer.",
    "1 % of the answers are 503s, and mirror alpha dies half-way.",
  ]);
  assertMatch(lines.at(-2) ?? "", /^All files were loaded: 7 in /);
});

test("slipstream demo --no-faults --concurrency has mirrors that never fail, and fewer requests at once", async () => {
  const { code, lines } = await demo(
    "--drivers",
    "1",
    "--laps",
    "1",
    "--latency",
    "1ms",
    "--no-faults",
    "--concurrency",
    "3",
  );
  assertEquals([code, lines[2]], [0, "None of them ever fails."]);
  assertMatch(lines.at(-2) ?? "", / with 3 at once, /);
});

test("slipstream demo by default has mirrors that take 75 milliseconds", async () => {
  const { code, lines } = await demo("--drivers", "1", "--laps", "1", "--files", "1", "--no-faults");
  assertEquals([code, lines[1]], [0, "Three mirrors on this machine, each of which takes 75 ms to answer."]);
});

test("slipstream demo --help shows its flags on stdout", async () => {
  const { code, terminal } = await demo("--help");
  assertEquals([code, terminal.stderr.text], [0, ""]);
  assertStringIncludes(terminal.stdout.text, "--no-faults");
});

const WRONG: readonly (readonly [message: string, ...args: string[]])[] = [
  ["'--drivers' must be at most 20: received 21", "--drivers", "21"],
  ["'--drivers' must be a positive integer: received \"0\"", "--drivers", "0"],
  ["'--seed' must be an integer of at least 0: received \"-1\"", "--seed", "-1"],
  ["'--latency' must be a positive duration", "--latency", "never"],
  ["'demo' takes flags only: received now", "now"],
  ["'--only-cached' needs '--cache'", "--only-cached"],
  ["Unknown flag: --faults", "--faults"],
];

for (const [message, ...args] of WRONG) {
  test(`slipstream demo ${args.join(" ")} is wrong usage`, async () => {
    const { code, terminal } = await demo(...args);
    assertEquals([code, terminal.stdout.text], [2, ""]);
    assertStringIncludes(terminal.stderr.text, `slipstream: ${message}`);
  });
}

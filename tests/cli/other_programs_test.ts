import { assertEquals } from "@std/assert";
import { flagElsewhere } from "../../src/cli/other_programs.ts";
import { test } from "../support/test.ts";

test("flagElsewhere() finds the flag that another program calls so, if the command has it", () => {
  const known = ["quiet", "retries", "total-timeout", "out", "output"];
  assertEquals(["retry", "max-time", "output-dir", "silent"].map((name) => flagElsewhere(name, known)), [
    "retries",
    "total-timeout",
    "out",
    "quiet",
  ]);
  assertEquals(["m", "s", "P", "o", "-"].map((letter) => flagElsewhere(letter, known)), [
    "total-timeout",
    "quiet",
    "out",
    undefined,
    undefined,
  ]);
  assertEquals(flagElsewhere("head", ["header", "method"]), "method");
  for (const name of ["request", "retries", "bogus", "", "constructor"]) {
    assertEquals(flagElsewhere(name, known), undefined);
  }
  assertEquals(flagElsewhere("retry", []), undefined);
});

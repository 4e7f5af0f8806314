import { assertEquals } from "@std/assert";
import { ANSI, PLAIN, styleFor } from "../../src/cli/style.ts";
import { test } from "../support/test.ts";

test("styleFor() has colours on a terminal only, and not where the environment says no", () => {
  assertEquals(styleFor({ isTerminal: true }, false), ANSI);
  assertEquals(styleFor({ isTerminal: true }, true), PLAIN);
  assertEquals(styleFor({ isTerminal: false }, false), PLAIN);
});

test("ANSI ends what it begins, and nests", () => {
  assertEquals(ANSI.bold(`a${ANSI.red("b")}`), "\x1b[1ma\x1b[31mb\x1b[39m\x1b[22m");
  assertEquals([ANSI.red(""), PLAIN.red("a")], ["", "a"]);
});

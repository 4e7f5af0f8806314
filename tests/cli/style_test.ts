import { assertEquals } from "@std/assert";
import { ANSI, PLAIN, styleFor } from "../../src/cli/style.ts";
import { test } from "../support/test.ts";

test("styleFor() has colours on a terminal only, and not if the environment forbids them", () => {
  assertEquals(styleFor({ isTerminal: true }, false), ANSI);
  assertEquals(styleFor({ isTerminal: true }, true), PLAIN);
  assertEquals(styleFor({ isTerminal: false }, false), PLAIN);
});

test("ANSI ends the styles that it begins, and can be nested", () => {
  assertEquals(ANSI.bold(`a${ANSI.red("b")}`), "\x1b[1ma\x1b[31mb\x1b[39m\x1b[22m");
  assertEquals([ANSI.red(""), PLAIN.red("a")], ["", "a"]);
});

import { assertEquals } from "@std/assert";
import { layOutTable } from "../../src/cli/table.ts";
import { test } from "../support/test.ts";

test("layOutTable() aligns text to the left and numbers to the right", () => {
  assertEquals(layOutTable([["name", "n"], ["a", "1,024"], ["天地", "7"], ["b"]], "lr"), [
    "  name       n",
    "  a      1,024",
    "  天地       7",
    "  b",
  ]);
});

test("layOutTable() paints the text and not the spaces around it", () => {
  const painted = { text: "x", paint: (text: string) => `<${text}>` };
  assertEquals(layOutTable([[painted, painted], ["abc", "abc"]], "lr"), ["  <x>       <x>", "  abc   abc"]);
});

import { assertEquals } from "@std/assert";
import { commaList } from "../../src/primitives/comma_list.ts";
import { test } from "../support/test.ts";

test("commaList() returns the parts without white space around them, and no empty ones", () => {
  const cases: [text: string, parts: string[]][] = [
    ["", []],
    [" , ,", []],
    ["a", ["a"]],
    [" a b ,\tC,,d\n", ["a b", "C", "d"]],
  ];
  for (const [text, parts] of cases) assertEquals(commaList(text), parts, text);
});

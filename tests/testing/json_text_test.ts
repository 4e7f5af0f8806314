import { assertEquals } from "@std/assert";
import { floatColumn, floatText, MISSING, plainColumn, tableText } from "../../src/testing/json_text.ts";
import { test } from "../support/test.ts";

test("floatText() keeps the .0 of a whole float", () => {
  assertEquals([3, -161, 0, 0.5, 1e-7].map(floatText), ["3.0", "-161.0", "0.0", "0.5", "1e-7"]);
});

test("floatColumn() and plainColumn() write arrays with missing values", () => {
  assertEquals(floatColumn([1, MISSING, 2.5]), '[1.0,"None",2.5]');
  assertEquals(plainColumn([1, MISSING, true]), '[1,"None",true]');
  assertEquals(floatColumn([]), "[]");
});

test("tableText() writes the columns in their order", () => {
  assertEquals(tableText({ b: "[1]", a: '"x"' }), '{"b":[1],"a":"x"}');
});

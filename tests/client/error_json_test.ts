import { assertEquals, assertStrictEquals } from "@std/assert";
import { showErrorInJson } from "../../src/client/error_json.ts";
import { SlipstreamError } from "../../src/errors.ts";
import { test } from "../support/test.ts";

test("showErrorInJson() makes JSON name an error of any class, and say what it says", () => {
  const errors = [
    new RangeError("mine"),
    new DOMException("gone", "AbortError"),
    new SlipstreamError("ours"),
  ];
  for (const error of errors) {
    const object = { type: "warning", error };
    assertStrictEquals(showErrorInJson(object), object);
    assertEquals(Object.keys(object), ["type", "error"]);
    const told = JSON.parse(JSON.stringify(object));
    assertEquals([told.type, told.error.name, told.error.message], ["warning", error.name, error.message]);
  }
});

test("showErrorInJson() leaves an object alone that has no error, or a value in place of one", () => {
  for (const object of [{ a: 1 }, { error: undefined }, { error: "text" }, { error: { code: 7 } }]) {
    assertEquals(JSON.stringify(showErrorInJson({ ...object })), JSON.stringify(object));
    assertEquals("toJSON" in showErrorInJson({ ...object }), false);
  }
});

import { assertEquals } from "@std/assert";
import { asNetworkFailure, isNetworkFailure, MiddlewareFailure } from "../../src/policies/middleware.ts";
import { test } from "../support/test.ts";

test("asNetworkFailure() marks an error, which stays the same", () => {
  const error = new TypeError("refused");
  assertEquals(isNetworkFailure(error), false);
  assertEquals(asNetworkFailure(error), error);
  assertEquals(isNetworkFailure(error), true);
  assertEquals(Object.keys(error), []);
});

test("isNetworkFailure() takes anything that was thrown", () => {
  for (const thrown of [undefined, null, "x", 1, {}, new Error("x")]) {
    assertEquals(isNetworkFailure(thrown), false);
  }
});

test("MiddlewareFailure keeps what was thrown, whatever it is", () => {
  for (const thrown of [undefined, null, new Error("x")]) {
    assertEquals(new MiddlewareFailure(thrown).thrown, thrown);
  }
});

import { assertEquals } from "@std/assert";
import { codeOf } from "../../src/runtime/error_code.ts";
import { test } from "../support/test.ts";

test("codeOf() returns the code of any thrown value", () => {
  const values = [Object.assign(new Error("gone"), { code: "ENOENT" }), { code: 7 }, new Error("gone"), {}];
  assertEquals([...values, null, undefined, "ENOENT", 1].map(codeOf), [
    "ENOENT",
    7,
    ...Array<undefined>(6).fill(undefined),
  ]);
});

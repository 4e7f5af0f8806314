import { assertEquals } from "@std/assert";
import { codeOf, isDiskFull, isOutOfDescriptors } from "../../src/runtime/error_code.ts";
import { test } from "../support/test.ts";

test("codeOf() returns the code of any thrown value", () => {
  const values = [Object.assign(new Error("gone"), { code: "ENOENT" }), { code: 7 }, new Error("gone"), {}];
  assertEquals([...values, null, undefined, "ENOENT", 1].map(codeOf), [
    "ENOENT",
    7,
    ...Array<undefined>(6).fill(undefined),
  ]);
});

test("isDiskFull() recognizes a full disk and a full quota, also as the cause of an error", () => {
  const codes = ["ENOSPC", "EDQUOT", "EIO", undefined];
  const isFull = [true, true, false, false];
  assertEquals(codes.map((code) => isDiskFull({ code })), isFull);
  assertEquals(codes.map((code) => isDiskFull(new Error("broken", { cause: { code } }))), isFull);
  assertEquals([null, undefined, "ENOSPC"].map(isDiskFull), [false, false, false]);
});

test("isOutOfDescriptors() recognizes the codes of the process's and the system's limit", () => {
  const codes = ["EMFILE", "ENFILE", "ENOENT", undefined];
  assertEquals(codes.map((code) => isOutOfDescriptors({ code })), [true, true, false, false]);
  assertEquals([null, undefined, "EMFILE"].map(isOutOfDescriptors), [false, false, false]);
});

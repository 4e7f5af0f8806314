import { assertEquals, assertStrictEquals } from "@std/assert";
import { asStoreFault, isStoreFault } from "../../../src/cache/filesystem/store_fault.ts";
import { test } from "../../support/test.ts";

const withCode = (code: string) => Object.assign(new Error(code), { code });

test("isStoreFault() tells errors that would meet every write from errors of one file", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EROFS"]) assertEquals(isStoreFault(withCode(code)), true);
  for (const code of ["EACCES", "EPERM", "EISDIR", "ENOTDIR", "EEXIST"]) {
    assertEquals(isStoreFault(withCode(code)), false);
  }
  assertEquals(isStoreFault(Object.assign(new Error(""), { name: "NotCapable" })), true);
  for (const error of [undefined, null, "ENOSPC", {}]) assertEquals(isStoreFault(error), false);
});

test("asStoreFault() marks the error itself, and returns it", () => {
  const error = withCode("EACCES");
  assertStrictEquals(asStoreFault(error), error);
  assertEquals([isStoreFault(error), isStoreFault(withCode("EACCES")), asStoreFault("EACCES")], [
    true,
    false,
    "EACCES",
  ]);
});

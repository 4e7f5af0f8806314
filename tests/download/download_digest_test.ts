import { assertEquals, assertThrows } from "@std/assert";
import { beginHash, digestHex } from "../../src/download/download_digest.ts";
import { test } from "../support/test.ts";

const MD5_OF_ABC = "900150983cd24fb0d6963f7d28e17f72";

test("digestHex() accepts hexadecimal digits, base64, and base64 for URLs", () => {
  assertEquals(digestHex({ algorithm: "md5", value: MD5_OF_ABC.toUpperCase() }), MD5_OF_ABC);
  assertEquals(digestHex({ algorithm: "md5", value: "kAFQmDzST7DWlj99KOF/cg==" }), MD5_OF_ABC);
  assertEquals(digestHex({ algorithm: "md5", value: " kAFQmDzST7DWlj99KOF_cg " }), MD5_OF_ABC);
});

test("digestHex() refuses a hash of another length, and other texts", () => {
  for (const value of ["", "abc", "zz".repeat(16), `${MD5_OF_ABC}00`, "a".repeat(40)]) {
    assertThrows(() => digestHex({ algorithm: "md5", value }), TypeError, "digest.value");
  }
  const algorithm = "toString" as "md5";
  assertThrows(() => digestHex({ algorithm, value: MD5_OF_ABC }), TypeError, "digest.algorithm");
});

test("beginHash() hashes piece by piece", () => {
  const hash = beginHash({ algorithm: "md5", value: MD5_OF_ABC });
  for (const piece of ["a", "", "bc"]) hash.update(new TextEncoder().encode(piece));
  assertEquals(hash.digest(), MD5_OF_ABC);
});

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

test("digestHex() and beginHash() know every algorithm, and hash piece by piece", () => {
  const hashes = {
    "md5": MD5_OF_ABC,
    "sha-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha-512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  } as const;
  for (const [algorithm, value] of Object.entries(hashes) as [keyof typeof hashes, string][]) {
    const hash = beginHash({ algorithm, value });
    for (const piece of ["a", "", "bc"]) hash.update(new TextEncoder().encode(piece));
    assertEquals([digestHex({ algorithm, value }), hash.digest()], [value, value]);
  }
});

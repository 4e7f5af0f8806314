import { assertEquals } from "@std/assert";
import { streamHash } from "../../../src/runtime/disk/stream_hash.ts";
import { test } from "../../support/test.ts";

test("streamHash() returns the known hashes of the empty text and of abc", () => {
  // Examples of RFC 1321 A.5 and FIPS 180-4.
  const known: [string, string, string][] = [
    ["md5", "", "d41d8cd98f00b204e9800998ecf8427e"],
    ["md5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["sha-1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["sha-256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ];
  for (const [algorithm, text, hex] of known) {
    const hash = streamHash(algorithm)!;
    for (const letter of text) hash.update(new TextEncoder().encode(letter));
    assertEquals(hash.digest(), hex);
  }
  assertEquals(streamHash("sha-512")!.digest().length, 128);
});

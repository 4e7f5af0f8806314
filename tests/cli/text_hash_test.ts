import { assert, assertEquals, assertMatch } from "@std/assert";
import { hashBytes, hashName, hashText } from "../../src/cli/text_hash.ts";
import { test } from "../support/test.ts";

test("hashText() is the same on every runtime, and a safe integer", () => {
  assertEquals([hashText(""), hashText("a")], [8_293_447_282_621_451, 1_388_254_133_793_203]);
  for (const text of ["", "a", "\0", "😀", "x".repeat(10_000)]) {
    assert(Number.isSafeInteger(hashText(text)) && hashText(text) >= 0, text);
  }
});

test("hashText() is different for 200,000 similar texts", () => {
  const hashes = new Set<number>();
  for (let index = 0; index < 100_000; index++) {
    hashes.add(hashText(`https://example.com/2025/${index}_tel.json`));
    hashes.add(hashText(`${index}`));
  }
  assertEquals(hashes.size, 200_000);
});

test("hashBytes() is the hash of the text with the same units, however the bytes are cut", async () => {
  const text = "a\0\xff\x80".repeat(100_000);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  for (const size of [1, 100_001, bytes.length]) {
    const chunks = async function* () {
      for (let at = 0; at < 400_000; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
    };
    assertEquals(await hashBytes(chunks()), hashText(text));
  }
  assertEquals(await hashBytes(new Blob([]).stream()), hashText(""));
});

test("hashName() is a name of eleven letters and digits", () => {
  for (const text of ["", "a", "?token=1"]) assertMatch(hashName(text), /^[0-9a-z]{11}$/);
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { hashName, hashText } from "../../src/cli/text_hash.ts";
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

test("hashName() is a name of eleven letters and digits", () => {
  for (const text of ["", "a", "?token=1"]) assertMatch(hashName(text), /^[0-9a-z]{11}$/);
});

import { assertEquals } from "@std/assert";
import { crc32 } from "../../../src/runtime/files/crc32.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import { test } from "../../support/test.ts";

function randomBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

test("crc32() returns the check value of the standard, and 0 for no bytes", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assertEquals(crc32(new Uint8Array(0)), 0);
});

test("crc32() agrees with zlib for every length and offset of a buffer", async () => {
  const { crc32: zlibCrc32 } = await import("node:zlib");
  for (let length = 0; length < 100; length++) {
    const buffer = randomBytes(length + 8, length);
    for (let offset = 0; offset < 8; offset++) {
      const bytes = buffer.subarray(offset, offset + length);
      assertEquals(crc32(bytes), zlibCrc32(bytes), `${length} bytes at ${offset}`);
    }
  }
});

test("Files.crc32() returns the same, also after it has checked a lot", () => {
  const files = currentFiles();
  const bytes = randomBytes(1_000_003, 1);
  const expected = crc32(bytes);
  for (let count = 0; count < 50; count++) assertEquals(files.crc32(bytes), expected);
  for (let offset = 0; offset < 20; offset++) {
    assertEquals(files.crc32(bytes.subarray(offset, 500)), crc32(bytes.subarray(offset, 500)));
  }
});

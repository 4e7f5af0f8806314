import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { chunkBytes } from "../../src/http/chunk_bytes.ts";
import { test } from "../support/test.ts";

test("chunkBytes() accepts bytes in any form, and text", () => {
  const bytes = new TextEncoder().encode("-hé-");
  const part = new DataView(bytes.buffer, 1, 3);
  for (const chunk of ["hé", part, new Uint8Array(bytes.buffer, 1, 3), bytes.slice(1, 4).buffer]) {
    assertEquals(new TextDecoder().decode(chunkBytes(chunk)), "hé");
  }
  assertEquals(chunkBytes(new Uint16Array([0x4142])), new Uint8Array([0x42, 0x41]));
  assertEquals(chunkBytes("").length, 0);
  assertStrictEquals(chunkBytes(bytes), bytes);
});

test("chunkBytes() refuses everything else, and cancels the source", () => {
  for (const chunk of [5, null, undefined, {}, { length: 3 }, [1], new Blob(["x"])]) {
    const reasons: unknown[] = [];
    const source = { cancel: (reason: unknown) => Promise.reject(reasons.push(reason)) };
    const error = assertThrows(() => chunkBytes(chunk, source), TypeError, `received ${typeof chunk}`);
    assertEquals(reasons, [error]);
    assertThrows(() => chunkBytes(chunk), TypeError);
  }
});

import { assertEquals } from "@std/assert";
import { concatenate } from "../../src/http/chunks.ts";
import { test } from "../support/test.ts";

test("concatenate() puts chunks together in bytes of their own", () => {
  const chunks = [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array([9, 3, 4]).subarray(1)];
  const bytes = concatenate(chunks, 4);
  chunks[0]!.fill(0);
  assertEquals([[...bytes], bytes.buffer.byteLength], [[1, 2, 3, 4], 4]);
  assertEquals(concatenate([], 0), new Uint8Array(0));
});

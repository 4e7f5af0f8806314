import { assertEquals } from "@std/assert";
import { concatenate } from "../../src/http/concatenate.ts";
import { test } from "../support/test.ts";

test("concatenate() copies chunks into one array", () => {
  const chunks = [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array([9, 3, 4]).subarray(1)];
  const bytes = concatenate(chunks);
  assertEquals(concatenate(chunks, 4), bytes);
  chunks[0]!.fill(0);
  assertEquals([[...bytes], bytes.buffer.byteLength], [[1, 2, 3, 4], 4]);
  assertEquals(concatenate([]), new Uint8Array(0));
});

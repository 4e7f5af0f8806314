import { assert, assertEquals } from "@std/assert";
import { gunzip, gzip } from "../../src/cache/gzip.ts";
import { randomBytes } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";

const ZEROS = new Uint8Array(1_000_000);

test("gzip() compresses data that it makes smaller, and returns other data unchanged", async () => {
  assert((await gzip(ZEROS)).length < 2_000);
  assert((await gzip(ZEROS.slice(0, 60_001))).length < 200);
  for (const bytes of [ZEROS.slice(0, 60_000), new Uint8Array(0), randomBytes(100_000)]) {
    assert(await gzip(bytes) === bytes);
  }
});

test("gunzip() returns the original data, and nothing for another size", async () => {
  const compressed = await gzip(ZEROS);
  assertEquals((await gunzip(compressed, 1_000_000))?.every((byte) => byte === 0), true);
  for (const size of [0, 1, 999_999, 1_000_001]) assertEquals(await gunzip(compressed, size), undefined);
});

test("gunzip() returns nothing for data that is no gzip, truncated or changed", async () => {
  const compressed = await gzip(ZEROS);
  const changed = compressed.with(compressed.length - 6, compressed.at(-6)! ^ 1); // in the checksum
  const wrong = [new Uint8Array(0), randomBytes(100), compressed.slice(0, -1), compressed.slice(1), changed];
  for (const bytes of wrong) assertEquals(await gunzip(bytes, 1_000_000), undefined);
});

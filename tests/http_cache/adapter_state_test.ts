import { assertEquals, assertStrictEquals } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { sha256 } from "../../src/cache/sha256.ts";
import { AdapterState } from "../../src/http_cache/adapter_state.ts";
import { test } from "../support/test.ts";

function entryOf(bytes: number): CacheEntry {
  return { meta: {}, body: { length: bytes } } as CacheEntry;
}

const MIB = 1024 * 1024;

test("AdapterState gives the hash of a key, whether it remembers it or not", () => {
  const { hashes } = new AdapterState();
  for (let round = 0; round < 2; round++) {
    for (let key = 0; key < 1_500; key += 100) assertEquals(hashes.of(`${key}`), sha256(`${key}`));
  }
});

test("AdapterState.note() adds a new entry to the write that is under way", () => {
  const state = new AdapterState();
  const first = state.note("a", entryOf(1));
  assertEquals([first.isUnderWay, first.write.isNew], [false, true]);
  first.write.isNew = false;
  const second = state.note("a", undefined);
  assertStrictEquals(second.write, first.write);
  assertEquals([second.isUnderWay, second.write.isNew, second.write.entry], [true, true, undefined]);
  state.end("a", first.write);
  assertEquals(state.note("a", undefined).isUnderWay, false);
});

test("AdapterState.note() holds 64 MiB at a time, or as much as it is told, and no entry beyond that", () => {
  for (const [limit, unit] of [[undefined, MIB], [{ maxPendingBytes: 64_000 }, 1_000]] as const) {
    const state = new AdapterState();
    const { write } = state.note("a", entryOf(60 * unit), limit);
    assertEquals(state.note("b", entryOf(5 * unit), limit).write.entry, undefined);
    assertEquals(state.note("c", entryOf(4 * unit), limit).write.entry?.body.length, 4 * unit);
    state.end("a", write);
    assertEquals(state.note("d", entryOf(60 * unit), limit).write.entry?.body.length, 60 * unit);
  }
});

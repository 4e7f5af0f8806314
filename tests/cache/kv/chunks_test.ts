import { assertEquals } from "@std/assert";
import { assemble, MAX_CHUNKS, MAX_FRAME_BYTES, split } from "../../../src/cache/kv/chunks.ts";
import { framePartsOf, packFrame } from "../../../src/cache/frame.ts";
import type { KvRecord } from "../../../src/cache/kv/store.ts";
import { entryOf, randomBytes } from "../../support/cache_entries.ts";
import { test } from "../../support/test.ts";

function frameOf(bodyBytes: number): Uint8Array<ArrayBuffer> {
  return packFrame(framePartsOf(entryOf(randomBytes(bodyBytes)), Infinity)!);
}

function recordsOf(frame: Uint8Array<ArrayBuffer>, versionstamp = "1"): KvRecord[] {
  return split(frame).map((value, chunk) => ({ key: ["p", 1, "slot", chunk], value, versionstamp }));
}

test("split() cuts a frame into chunks that fit a store, each with a buffer of its own", () => {
  for (const [size, count] of [[0, 1], [64_000, 1], [65_000, 2], [700_000, 11]] as const) {
    const frame = frameOf(size);
    const chunks = split(frame);
    assertEquals(chunks.length, count);
    assertEquals(new Uint8Array(chunks.flatMap((chunk) => [...chunk])), frame);
    for (const chunk of chunks) assertEquals(chunk.buffer.byteLength, chunk.length);
    for (const chunk of chunks.slice(0, -1)) assertEquals(chunk.length, 65_000);
  }
  assertEquals(MAX_FRAME_BYTES, MAX_CHUNKS * 65_000);
});

test("assemble() joins the chunks of split()", () => {
  for (const size of [0, 64_000, 65_000, 200_000, 770_000]) {
    const content = assemble(recordsOf(frameOf(size)));
    assertEquals([content.kind, content.kind === "frame" && content.frame], ["frame", frameOf(size)]);
  }
});

test("assemble() returns nothing for incomplete entries", () => {
  const records = recordsOf(frameOf(200_000));
  assertEquals(assemble([]), { kind: "absent" });
  for (let chunk = 0; chunk < records.length; chunk++) {
    assertEquals(assemble(records.toSpliced(chunk, 1)), { kind: "torn" });
    assertEquals(assemble(records.with(chunk, { ...records[chunk]!, versionstamp: "2" })), { kind: "torn" });
    const value = (records[chunk]!.value as Uint8Array).slice(1);
    assertEquals(assemble(records.with(chunk, { ...records[chunk]!, value })), { kind: "corrupt" });
    assertEquals(assemble(records.with(chunk, { ...records[chunk]!, value: "text" })), { kind: "corrupt" });
  }
});

test("assemble() ignores the chunks of an older and larger entry", () => {
  const [, , old] = recordsOf(frameOf(180_000), "1");
  const content = assemble([...recordsOf(frameOf(100_000), "2"), old!]);
  assertEquals(content.kind === "frame" && content.frame, frameOf(100_000));
});

test("assemble() ignores records that are no part of an entry", () => {
  const [record] = recordsOf(frameOf(10));
  for (const part of ["0", 0n, -1, 0.5, MAX_CHUNKS, NaN, true, new Uint8Array(1)]) {
    const foreign = { ...record!, key: ["p", 1, "slot", part] };
    assertEquals(assemble([record!, foreign]), { kind: "corrupt" });
  }
  const tooLarge = recordsOf(frameOf(780_000));
  assertEquals(assemble(tooLarge.slice(0, MAX_CHUNKS)), { kind: "corrupt" });
});

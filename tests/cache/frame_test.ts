import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { framePartsOf, packFrame, readFrameBody, readHead, readMeta } from "../../src/cache/frame.ts";
import { gzip } from "../../src/cache/gzip.ts";
import { entryOf, randomBytes } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";

const ENTRY = entryOf("body", { headers: [["x-漢字", "\ud800"]] });

test("framePartsOf() copies an entry, and refuses one that is too large with its metadata", () => {
  for (const body of [new Uint8Array(10), Buffer.alloc(10)]) {
    const parts = framePartsOf(entryOf(body), 1_000)!;
    body.fill(1);
    assertEquals(parts.body, new Uint8Array(10));
    const size = parts.meta.length + 10;
    assertEquals([framePartsOf(entryOf(body), size)?.body.length, framePartsOf(entryOf(body), size - 1)], [
      10,
      undefined,
    ]);
  }
});

test("packFrame() creates frames that readHead(), readMeta() and readFrameBody() read", async () => {
  for (const entry of [ENTRY, entryOf(""), entryOf(new Uint8Array(100_000))]) {
    const parts = framePartsOf(entry, 1_000_000)!;
    for (const stored of [parts.body, await gzip(parts.body)]) {
      const frame = packFrame(parts, stored);
      const head = readHead(frame)!;
      assertEquals([head.frameBytes, head.gzipped], [frame.length, stored !== parts.body]);
      assertEquals<unknown>({ meta: readMeta(frame, head), body: await readFrameBody(frame, head) }, entry);
    }
  }
});

test("readHead() reads views and beginnings of frames, and nothing else", () => {
  const frame = packFrame(framePartsOf(ENTRY, 1_000)!);
  const view = new Uint8Array([1, 2, 3, ...frame]).subarray(3);
  assertEquals(readHead(view), readHead(frame));
  assertEquals(readHead(frame.subarray(0, 20)), readHead(frame));
  for (let length = 0; length < 20; length++) assertEquals(readHead(frame.subarray(0, length)), undefined);
  assertEquals(readHead(randomBytes(100)), undefined);
});

test("readMeta() refuses metadata of another version or shape", () => {
  const read = (meta: unknown) => {
    const json = new TextEncoder().encode(JSON.stringify(meta));
    const frame = packFrame({ meta: json, body: new Uint8Array(0) });
    return readMeta(frame, readHead(frame)!);
  };
  const { meta } = ENTRY;
  assertEquals(read(meta), meta);
  for (
    const wrong of [null, 1, "text", [], {}, { ...meta, v: 2 }, { ...meta, key: 1 }, {
      ...meta,
      removeAt: "1",
    }]
  ) {
    assertEquals(read(wrong), undefined);
  }
});

test("packFrame() keeps the format that other versions of this package read", () => {
  const parts = { meta: Uint8Array.of(1, 2), body: Uint8Array.of(3, 4, 5) };
  const head = (gzipped: number, storedBytes: number) =>
    [[0x53, 0x4c, 0x4b, 0x31], ...[gzipped, 2, 3, storedBytes].map((field) => [0, 0, 0, field])].flat();
  assertEquals([...packFrame(parts)], [...head(0, 3), 1, 2, 3, 4, 5]);
  assertEquals([...packFrame(parts, Uint8Array.of(9))], [...head(1, 1), 1, 2, 9]);
});

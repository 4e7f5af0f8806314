import { assert, assertEquals } from "@std/assert";
import { decodeEntry, encodeEntry, findBody } from "../../../../src/cache/filesystem/entry_format.ts";
import { readFrameBody, readHead, readMeta } from "../../../../src/cache/frame.ts";
import { crc32 } from "../../../../src/runtime/files/crc32.ts";
import { entryOf } from "../../../support/cache_entries.ts";
import { fc } from "../../property.ts";
import { test } from "../../../support/test.ts";

const entry = fc.record({
  body: fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
  key: fc.string(),
  headers: fc.array(fc.tuple(fc.string(), fc.string())),
  removeAt: fc.option(fc.integer()),
}).map(({ body, ...meta }) => ({ body, meta: { ...entryOf(0).meta, ...meta } }));

test("decodeEntry() reads back what was written", () => {
  fc.assert(fc.property(entry, (entry) => {
    const { meta, body } = decodeEntry(encodeEntry(entry, crc32), crc32)!;
    assertEquals({ meta, body: new Uint8Array(body) }, entry);
  }));
});

test("decodeEntry() takes any bytes for no entry, and never throws", () => {
  const magic = encodeEntry(entryOf(0), crc32).slice(0, 4);
  const bytes = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 64 })).map(([isMarked, rest]) =>
    new Uint8Array(isMarked ? [...magic, ...rest] : rest)
  );
  fc.assert(fc.property(bytes, (bytes) => {
    assertEquals(decodeEntry(bytes, crc32), undefined);
    const start = findBody(bytes, bytes.length);
    assert(start === undefined || start <= bytes.length);
  }));
});

test("decodeEntry() sees every byte that was changed, lost or added", () => {
  const damage = fc.oneof(
    fc.record({ at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ keep: fc.nat() }),
    fc.record({ more: fc.uint8Array({ minLength: 1, maxLength: 9 }) }),
  );
  fc.assert(fc.property(entry, damage, (entry, damage) => {
    const bytes = encodeEntry(entry, crc32);
    let damaged = bytes;
    if ("xor" in damage) bytes[damage.at % bytes.length]! ^= damage.xor;
    else if ("keep" in damage) damaged = bytes.slice(0, damage.keep % bytes.length);
    else damaged = new Uint8Array([...bytes, ...damage.more]);
    assertEquals(decodeEntry(damaged, crc32), undefined);
  }));
});

test("decodeEntry() takes metadata for none that are no JSON, or of something else", () => {
  const json = fc.oneof(
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ maxLength: 30 }),
    fc.record({
      v: fc.constantFrom(1, 2, "1"),
      key: fc.oneof(fc.string(), fc.integer()),
      removeAt: fc.jsonValue(),
    })
      .map((meta) => new TextEncoder().encode(JSON.stringify(meta))),
  );
  fc.assert(fc.property(json, (metaBytes) => {
    const bytes = new Uint8Array(16 + metaBytes.length);
    bytes.set(encodeEntry(entryOf(0), crc32).subarray(0, 4));
    bytes.set(metaBytes, 16);
    const header = new DataView(bytes.buffer);
    header.setUint32(4, metaBytes.length, true);
    header.setUint32(12, crc32(bytes.slice(16)), true);
    const found = decodeEntry(bytes, crc32);
    if (found === undefined) return;
    const { v, key, removeAt } = found.meta;
    assert(v === 1 && typeof key === "string" && (removeAt === null || typeof removeAt === "number"));
  }));
});

test("readHead(), readMeta() and readFrameBody() never throw for any bytes", async () => {
  const MAGIC = [0x53, 0x4c, 0x4b, 0x31, 0, 0, 0];
  const bytes = fc.tuple(fc.constantFrom(0, 1), fc.array(fc.nat(40), { maxLength: 4 }), fc.uint8Array()).map(
    ([coding, lengths, rest]) =>
      new Uint8Array([...MAGIC, coding, ...lengths.flatMap((length) => [0, 0, 0, length]), ...rest]),
  );
  await fc.assert(fc.asyncProperty(fc.oneof(bytes, fc.uint8Array()), async (bytes) => {
    const head = readHead(bytes);
    if (head === undefined) return;
    readMeta(bytes, head);
    const body = await readFrameBody(bytes, head);
    assert(body === undefined || !head.gzipped || body.length === head.bodyBytes);
  }));
});

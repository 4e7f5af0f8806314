import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  decodeEntry,
  decodeMeta,
  encodeEntry,
  findBody,
  hasMagic,
  isBlank,
} from "../../../src/cache/filesystem/entry_format.ts";
import { crc32 } from "../../../src/runtime/files/crc32.ts";
import { entryOf } from "../../support/cache_entries.ts";
import { test } from "../../support/test.ts";

const encoder = new TextEncoder();

/** Creates a file with a correct checksum and correct lengths, whatever its content. */
function fileOf(meta: string, body: string): Uint8Array<ArrayBuffer> {
  const bytes = encodeEntry(entryOf(0), crc32);
  const [metaBytes, bodyBytes] = [encoder.encode(meta), encoder.encode(body)];
  const file = new Uint8Array([...bytes.subarray(0, 16), ...metaBytes, ...bodyBytes]);
  const header = new DataView(file.buffer);
  header.setUint32(4, metaBytes.length, true);
  header.setUint32(8, bodyBytes.length, true);
  header.setUint32(12, crc32(file.slice(16)), true);
  return file;
}

test("encodeEntry() writes a header of 16 bytes, the metadata and the body", () => {
  const entry = { ...entryOf(0), body: encoder.encode("body") };
  const bytes = encodeEntry(entry, () => 0x01020304);
  const meta = JSON.stringify(entry.meta);

  assertEquals(new TextDecoder().decode(bytes.subarray(0, 4)), "SLC1");
  assertEquals(
    [...bytes.subarray(4, 16)],
    [meta.length, 0, 0, 0, 4, 0, 0, 0, 4, 3, 2, 1].map((b) => b & 255),
  );
  assertEquals(new TextDecoder().decode(bytes.subarray(16)), `${meta}body`);
});

test("decodeEntry() returns the entry that encodeEntry() got", () => {
  for (const size of [0, 1, 15, 100_000]) {
    const entry = entryOf(new Uint8Array(size).fill(7), {
      key: "é 🏎 \ud800 \0",
      headers: [["x", "y\u2028"]],
      vary: [["accept", null]],
    });
    assertEquals(decodeEntry(encodeEntry(entry, crc32), crc32), entry);
  }
});

test("decodeEntry() detects every flipped bit and every truncation", () => {
  const bytes = encodeEntry({ ...entryOf(0), body: encoder.encode(`[{"lap":1,"time":93.456}]`) }, crc32);
  let damages = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(decodeEntry(damaged, crc32), undefined, `bit ${bit}`);
    damages++;
  }
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(decodeEntry(bytes.slice(0, length), crc32), undefined, `${length} bytes`);
    damages++;
  }
  assert(damages > 1_038, `${damages}`);
  assertNotEquals(decodeEntry(bytes, crc32), undefined);
});

test("decodeEntry() refuses a file with additional bytes", () => {
  assertEquals(decodeEntry(new Uint8Array([...encodeEntry(entryOf(5), crc32), 0]), crc32), undefined);
});

test("decodeEntry() refuses a file of another format", () => {
  for (const text of ["", "x", "{}", "a text that is longer than a header", "SLC1", "SLC1".repeat(8)]) {
    assertEquals(decodeEntry(encoder.encode(text), crc32), undefined, text);
  }
  const other = encodeEntry(entryOf(5), crc32);
  other[3] = "2".charCodeAt(0);
  assertEquals(decodeEntry(other, crc32), undefined);
});

test("decodeEntry() refuses malformed metadata, and metadata of another version", () => {
  const meta = entryOf(0).meta;
  assertNotEquals(decodeEntry(fileOf(JSON.stringify(meta), "body"), crc32), undefined);
  const bad = [
    ...["", "{", "null", "1", '"text"', "[]", "{}"],
    JSON.stringify({ ...meta, v: 2 }),
    JSON.stringify({ ...meta, v: "1" }),
    JSON.stringify({ ...meta, key: 5 }),
    JSON.stringify({ ...meta, removeAt: "soon" }),
    JSON.stringify({ ...meta, removeAt: undefined }),
  ];
  for (const text of bad) assertEquals(decodeEntry(fileOf(text, "body"), crc32), undefined, text);
});

test("decodeEntry() copies no body", () => {
  const bytes = encodeEntry(entryOf(5), crc32);
  assertEquals(decodeEntry(bytes, crc32)?.body.buffer, bytes.buffer);
});

test("findBody() and decodeMeta() need only the beginning of a file", () => {
  const entry = entryOf(10_000, { removeAt: 5 });
  const bytes = encodeEntry(entry, crc32);
  const start = bytes.slice(0, bytes.length - 10_000);

  assertEquals(findBody(start, bytes.length), start.length);
  assertEquals(findBody(start.slice(0, 16), bytes.length), start.length);
  assertEquals(decodeMeta(start, start.length), entry.meta);
  assertEquals(findBody(start, bytes.length - 1), undefined);
  assertEquals(findBody(start.slice(0, 15), bytes.length), undefined);
});

test("hasMagic() recognizes the beginning of an entry, even a short one, and nothing else", () => {
  const own = encodeEntry(entryOf(5), crc32);
  for (const length of [1, 2, 3, 4, 16, own.length]) assertEquals(hasMagic(own.subarray(0, length)), true);
  const others = ["", "x", "SLC2", "SLc1", "sLC1", " SLC1", "SXC1", "\0\0\0\0"];
  for (const text of others) assertEquals(hasMagic(new TextEncoder().encode(text)), false, text);
});

test("isBlank() recognizes what a power loss leaves in place of a header", () => {
  for (const length of [0, 1, 15, 16, 17]) assertEquals(isBlank(new Uint8Array(length)), true, `${length}`);
  assertEquals(isBlank(new Uint8Array(20).fill(1, 16)), true);
  for (const index of [0, 3, 15]) assertEquals(isBlank(new Uint8Array(16).fill(1, index)), false, `${index}`);
});

/**
 * An entry as the bytes of one file: a header of 16 bytes, the metadata as JSON, and the body. The header's four words, the
 * lowest byte first, are a magic number, the lengths of the two parts, and the CRC-32 of everything after the header.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache.ts";
import { parseMeta } from "../stored_meta.ts";

/** A checksum of bytes. */
export type Checksum = (bytes: Uint8Array<ArrayBuffer>) => number;

/** How long a header is. */
export const HEADER_BYTES = 16;
/** "SLC1". */
const MAGIC = 0x31434c53;

const MAGIC_BYTES = 4;

const encoder = new TextEncoder();

/**
 * The file for an entry.
 *
 * @param entry The entry; nothing of it is kept.
 * @param crc32 The checksum.
 */
export function encodeEntry({ meta, body }: CacheEntry, crc32: Checksum): Uint8Array<ArrayBuffer> {
  const metaBytes = encoder.encode(JSON.stringify(meta));
  const bytes = new Uint8Array(HEADER_BYTES + metaBytes.length + body.length);
  bytes.set(metaBytes, HEADER_BYTES);
  bytes.set(body, HEADER_BYTES + metaBytes.length);
  const checksum = crc32(bytes.subarray(HEADER_BYTES));
  const header = new DataView(bytes.buffer);
  for (const [index, word] of [MAGIC, metaBytes.length, body.length, checksum].entries()) {
    header.setUint32(4 * index, word, true);
  }
  return bytes;
}

/**
 * The entry that a file holds.
 *
 * @param bytes The whole file, which the entry's body is a part of.
 * @param crc32 The checksum.
 * @returns The entry; `undefined` when the file is damaged, or something else.
 */
export function decodeEntry(bytes: Uint8Array<ArrayBuffer>, crc32: Checksum): CacheEntry | undefined {
  const bodyStart = findBody(bytes, bytes.length);
  if (bodyStart === undefined || viewOf(bytes).getUint32(12, true) !== crc32(bytes.subarray(HEADER_BYTES))) {
    return undefined;
  }
  const meta = decodeMeta(bytes, bodyStart);
  return meta && { meta, body: bytes.subarray(bodyStart) };
}

/**
 * Whether a file begins as entries do, or as what was written of one before a crash.
 *
 * @param start The beginning of the file.
 * @returns Whether it does; an empty file has no beginning.
 */
export function hasMagic(start: Uint8Array): boolean {
  const found = start.subarray(0, MAGIC_BYTES);
  return found.length > 0 && found.every((byte, index) => byte === ((MAGIC >>> (8 * index)) & 255));
}

/**
 * Whether a file begins as one does that was lost with the power: with nothing, or with zeros where a header would be.
 *
 * @param start The beginning of the file.
 */
export function isBlank(start: Uint8Array): boolean {
  return start.subarray(0, HEADER_BYTES).every((byte) => byte === 0);
}

/**
 * Where the body begins.
 *
 * @param start The beginning of a file.
 * @param fileBytes How large the file is.
 * @returns The offset; `undefined` when the header is none, or not that of a file of this size.
 */
export function findBody(start: Uint8Array<ArrayBuffer>, fileBytes: number): number | undefined {
  if (start.length < HEADER_BYTES) return undefined;
  const header = viewOf(start);
  const bodyStart = HEADER_BYTES + header.getUint32(4, true);
  const isWhole = header.getUint32(0, true) === MAGIC && bodyStart + header.getUint32(8, true) === fileBytes;
  return isWhole ? bodyStart : undefined;
}

/**
 * The metadata of an entry.
 *
 * @param start The beginning of a file, up to its body at least.
 * @param bodyStart Where the body begins.
 * @returns The metadata; `undefined` when they are none, or of another version.
 */
export function decodeMeta(start: Uint8Array<ArrayBuffer>, bodyStart: number): CacheMeta | undefined {
  return parseMeta(start.subarray(HEADER_BYTES, bodyStart));
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

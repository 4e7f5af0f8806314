/**
 * An entry as the bytes of one file: a header of 16 bytes, the metadata as JSON, and the body. The header's four words, the
 * lowest byte first, are a magic number, the lengths of the two parts, and the CRC-32 of everything after the header.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache.ts";
import { parseMeta } from "../stored_meta.ts";

/** Computes a checksum of bytes. */
export type Checksum = (bytes: Uint8Array<ArrayBuffer>) => number;

/** The length of a header, in bytes. */
export const HEADER_BYTES = 16;
/** "SLC1". */
const MAGIC = 0x31434c53;

const MAGIC_BYTES = 4;

const encoder = new TextEncoder();

/**
 * Encodes an entry as the bytes of a file.
 *
 * @param entry The entry; the result shares no memory with it.
 * @param crc32 Computes the checksum.
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
 * Decodes the entry that a file holds.
 *
 * @param bytes The whole file. The entry's body is a view of it, and no copy.
 * @param crc32 Computes the checksum.
 * @returns The entry; `undefined` if the file is damaged, or holds no entry.
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
 * Returns whether a file begins with the magic number. A file of fewer bytes, which a crash may leave, must begin with a part of
 * it.
 *
 * @param start The beginning of the file.
 * @returns Whether it does; `false` for an empty file.
 */
export function hasMagic(start: Uint8Array): boolean {
  const found = start.subarray(0, MAGIC_BYTES);
  return found.length > 0 && found.every((byte, index) => byte === ((MAGIC >>> (8 * index)) & 255));
}

/**
 * Returns whether a file begins as after a power loss: it is empty, or has zeros in the place of a header.
 *
 * @param start The beginning of the file.
 */
export function isBlank(start: Uint8Array): boolean {
  return start.subarray(0, HEADER_BYTES).every((byte) => byte === 0);
}

/**
 * Finds where the body of an entry begins in its file.
 *
 * @param start The beginning of the file.
 * @param fileBytes The size of the file, in bytes.
 * @returns The offset; `undefined` if there is no valid header, or if it does not belong to a file of this size.
 */
export function findBody(start: Uint8Array<ArrayBuffer>, fileBytes: number): number | undefined {
  if (start.length < HEADER_BYTES) return undefined;
  const header = viewOf(start);
  const bodyStart = HEADER_BYTES + header.getUint32(4, true);
  const isWhole = header.getUint32(0, true) === MAGIC && bodyStart + header.getUint32(8, true) === fileBytes;
  return isWhole ? bodyStart : undefined;
}

/**
 * Decodes the metadata of an entry.
 *
 * @param start The beginning of the file, at least up to the body.
 * @param bodyStart The offset of the body.
 * @returns The metadata; `undefined` if they are invalid, or of another version.
 */
export function decodeMeta(start: Uint8Array<ArrayBuffer>, bodyStart: number): CacheMeta | undefined {
  return parseMeta(start.subarray(HEADER_BYTES, bodyStart));
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

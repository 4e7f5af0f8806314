/**
 * A frame: an entry as one run of bytes. It consists of a head with the lengths, the metadata as JSON, and the body, compressed
 * or not.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "./cache.ts";
import { gunzip } from "./gzip.ts";
import { parseMeta } from "./stored_meta.ts";

/** The magic number, which marks a frame and the version of its format. */
const MAGIC = 0x534c_4b31;
/** The length of the head: five numbers of 32 bits for the magic number, whether the body is compressed, and three lengths. */
const HEAD_BYTES = 20;

const encoder = new TextEncoder();

/** The head of a frame; all lengths are in bytes. */
export interface FrameHead {
  /** Whether the body is compressed. */
  readonly gzipped: boolean;
  /** The length of the metadata. */
  readonly metaBytes: number;
  /** The length of the body. */
  readonly bodyBytes: number;
  /** The length of the whole frame. */
  readonly frameBytes: number;
}

/** The parts of an entry's frame: a copy of the entry, which later changes of the entry do not affect. */
export interface FrameParts {
  /** The metadata as JSON. */
  readonly meta: Uint8Array<ArrayBuffer>;
  /** The body. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Copies an entry; returns `undefined` if it is larger than `maxBytes`. */
export function framePartsOf({ meta, body }: CacheEntry, maxBytes: number): FrameParts | undefined {
  if (body.length > maxBytes) return undefined;
  const metaJson = encoder.encode(JSON.stringify(meta));
  return metaJson.length + body.length > maxBytes
    ? undefined
    : { meta: metaJson, body: new Uint8Array(body) };
}

/**
 * Makes the frame of an entry.
 *
 * @param parts The entry.
 * @param stored The body as it is stored: the body itself, or compressed.
 */
export function packFrame({ meta, body }: FrameParts, stored: Uint8Array = body): Uint8Array<ArrayBuffer> {
  const gzipped = stored !== body;
  const frame = new Uint8Array(HEAD_BYTES + meta.length + stored.length);
  const head = new DataView(frame.buffer);
  for (const [index, field] of [MAGIC, Number(gzipped), meta.length, body.length, stored.length].entries()) {
    head.setUint32(4 * index, field);
  }
  frame.set(meta, HEAD_BYTES);
  frame.set(stored, HEAD_BYTES + meta.length);
  return frame;
}

/** Reads the head at the beginning of a frame; returns `undefined` if there is none. */
export function readHead(bytes: Uint8Array): FrameHead | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const fields = Array.from({ length: 5 }, (_, index) => view.getUint32(4 * index));
  const [magic, encoding, metaBytes, bodyBytes, storedBytes] = fields as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (magic !== MAGIC || encoding > 1 || (encoding === 0 && bodyBytes !== storedBytes)) return undefined;
  const frameBytes = HEAD_BYTES + metaBytes + storedBytes;
  return { gzipped: encoding === 1, metaBytes, bodyBytes, frameBytes };
}

/** Reads the metadata of a whole frame; returns `undefined` if they are invalid, or of another version. */
export function readMeta(frame: Uint8Array, { metaBytes }: FrameHead): CacheMeta | undefined {
  return parseMeta(frame.subarray(HEAD_BYTES, HEAD_BYTES + metaBytes));
}

/** Reads the body of a whole frame; returns `undefined` if it can't be decompressed to the length that the head names. */
export async function readFrameBody(
  frame: Uint8Array,
  { gzipped, metaBytes, bodyBytes }: FrameHead,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stored = new Uint8Array(frame.subarray(HEAD_BYTES + metaBytes));
  return gzipped ? await gunzip(stored, bodyBytes) : stored;
}

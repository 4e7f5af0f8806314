/**
 * Frames, cut into chunks that a key-value store accepts, and put together again.
 *
 * @module
 */

import { concatenate } from "../../http/concatenate.ts";
import type { CacheMeta } from "../cache.ts";
import { type FrameHead, readHead, readMeta } from "../frame.ts";
import type { KvRecord } from "./store.ts";

/** The length of all chunks but the last; a store accepts values of 65,536 bytes. */
const CHUNK_BYTES = 65_000;

/** How many chunks one write may have: together with their keys they stay below the 819,200 bytes of an atomic operation. */
export const MAX_CHUNKS = 12;
/** How many bytes the frame of one write may have. */
export const MAX_FRAME_BYTES: number = MAX_CHUNKS * CHUNK_BYTES;

/** The content of a slot, as its records show it. */
export type SlotContent =
  | { readonly kind: "absent" }
  /** Chunks are missing or come from different writes: a write may be in flight. */
  | { readonly kind: "torn" }
  /** The records were not written by this cache, or are damaged. */
  | { readonly kind: "corrupt" }
  | {
    readonly kind: "frame";
    readonly frame: Uint8Array;
    readonly head: FrameHead;
    readonly meta: CacheMeta;
  };

/** Cuts a frame into chunks, each with a buffer of its own. */
export function split(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  if (frame.length <= CHUNK_BYTES) return [frame];
  const count = Math.ceil(frame.length / CHUNK_BYTES);
  return Array.from(
    { length: count },
    (_, index) => frame.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}

/**
 * Puts the records of a slot together. They must come from one snapshot, in the order of their keys, which end with the number of
 * the chunk.
 */
export function assemble(records: readonly KvRecord[]): SlotContent {
  if (records.length === 0) return { kind: "absent" };
  if (!records.every(isChunk)) return { kind: "corrupt" };
  const first = records[0]!;
  if (first.key.at(-1) !== 0) return { kind: "torn" };
  const head = readHead(first.value);
  if (head === undefined || head.frameBytes > MAX_FRAME_BYTES) return { kind: "corrupt" };
  // Ignore records behind the last chunk: they come from an older entry.
  const chunks = records.slice(0, Math.ceil(head.frameBytes / CHUNK_BYTES));
  if (!isOneWrite(chunks, head)) return { kind: "torn" };
  const frame = join(chunks, head);
  const meta = frame && readMeta(frame, head);
  return meta === undefined ? { kind: "corrupt" } : { kind: "frame", frame: frame!, head, meta };
}

interface Chunk extends KvRecord {
  readonly value: Uint8Array;
}

function isChunk(record: KvRecord): record is Chunk {
  const number = record.key.at(-1);
  return record.value instanceof Uint8Array && typeof number === "number" && Number.isInteger(number) &&
    number >= 0 && number < MAX_CHUNKS;
}

/** Returns whether these are all chunks of a frame, from a single write. */
function isOneWrite(chunks: readonly Chunk[], { frameBytes }: FrameHead): boolean {
  const [first] = chunks;
  return chunks.length === Math.ceil(frameBytes / CHUNK_BYTES) &&
    chunks.every(({ key, versionstamp }, index) =>
      key.at(-1) === index && versionstamp === first?.versionstamp
    );
}

/** Joins the chunks of a frame; returns `undefined` if a chunk has a wrong length. */
function join(chunks: readonly Chunk[], { frameBytes }: FrameHead): Uint8Array | undefined {
  const lengthAt = (index: number) => Math.min(CHUNK_BYTES, frameBytes - index * CHUNK_BYTES);
  if (chunks.some(({ value }, index) => value.length !== lengthAt(index))) return undefined;
  return chunks.length === 1 ? chunks[0]!.value : concatenate(chunks.map(({ value }) => value));
}

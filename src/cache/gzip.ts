/**
 * Compression, with a bound on what comes out.
 *
 * @module
 */

import { readBody } from "../http/body.ts";

/** Bytes up to here are not worth it. */
const MAX_PLAIN_BYTES = 60_000;

/**
 * Compresses more than 60,000 bytes, if it makes them fewer.
 *
 * @param bytes The bytes; they must not change meanwhile.
 * @returns The compressed bytes, or `bytes` themselves.
 */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.length <= MAX_PLAIN_BYTES) return bytes;
  const compressed = await readBody(through(bytes, new CompressionStream("gzip")), bytes.length - 1);
  return compressed ?? bytes;
}

/**
 * Decompresses bytes, and stops as soon as there are too many.
 *
 * @param bytes What {@linkcode gzip} gave.
 * @param size How many bytes there must be.
 * @returns The bytes, or `undefined` for what is no gzip or of another size.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const plain = await readBody(through(bytes, new DecompressionStream("gzip")), size);
    return plain?.length === size ? plain : undefined;
  } catch {
    // What can't be decompressed is no entry.
    return undefined;
  }
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Response {
  return new Response(new Blob([bytes]).stream().pipeThrough(transform));
}

/**
 * Compression and decompression, with a bound on the size of the result.
 *
 * @module
 */

import { readBody } from "../http/body.ts";

/** Up to this many bytes, compression is not worth the time. */
const MAX_PLAIN_BYTES = 60_000;

/**
 * Compresses bytes if there are more than 60,000 of them, and if that makes them fewer.
 *
 * @param bytes The bytes; they must not change until the promise has settled.
 * @returns The compressed bytes, or `bytes` themselves.
 */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.length <= MAX_PLAIN_BYTES) return bytes;
  const compressed = await readBody(through(bytes, new CompressionStream("gzip")), bytes.length - 1);
  return compressed ?? bytes;
}

/**
 * Decompresses bytes, and stops as soon as the result gets too long.
 *
 * @param bytes The result of {@linkcode gzip}.
 * @param size How many bytes the result must have.
 * @returns The bytes; `undefined` if `bytes` are no gzip, or if the result has another size.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const plain = await readBody(through(bytes, new DecompressionStream("gzip")), size);
    return plain?.length === size ? plain : undefined;
  } catch {
    // Bytes that can't be decompressed are no valid entry.
    return undefined;
  }
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Response {
  return new Response(new Blob([bytes]).stream().pipeThrough(transform));
}

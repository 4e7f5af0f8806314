/**
 * The bytes of a chunk of a body.
 *
 * @module
 */

/** Where chunks come from. */
export interface ChunkSource {
  cancel(reason: unknown): Promise<void>;
}

/**
 * Takes what programs put into streams, as the runtimes do between them: bytes in any form, and text.
 *
 * @param chunk The chunk.
 * @param source Where it came from; it is cancelled if the chunk is something else.
 * @returns Its bytes; they may be the chunk's own.
 * @throws {TypeError} If it is something else.
 */
export function chunkBytes(chunk: unknown, source?: ChunkSource): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  const error = new TypeError(
    `Cannot read a body as its chunks must be bytes or text: received ${typeof chunk}`,
  );
  // How that ends does not matter.
  source?.cancel(error).catch(() => {});
  throw error;
}

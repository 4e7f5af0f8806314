/**
 * Turns a chunk of a body into bytes.
 *
 * @module
 */

/** The source of chunks. */
export interface ChunkSource {
  cancel(reason: unknown): Promise<void>;
}

/**
 * Returns the bytes of a chunk. It accepts what the runtimes together accept in a stream: bytes in any form, and text.
 *
 * @param chunk The chunk.
 * @param source The source of the chunk; it is cancelled if the chunk is neither.
 * @returns The bytes as a plain `Uint8Array`, which may share the memory of the chunk.
 * @throws {TypeError} If the chunk is neither bytes nor text.
 */
export function chunkBytes(chunk: unknown, source?: ChunkSource): Uint8Array {
  // A `Buffer` of Node.js is a view into memory that others share, and its `slice()` copies nothing.
  if (chunk instanceof Uint8Array && chunk.constructor === Uint8Array) return chunk;
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  const error = new TypeError(
    `Cannot read a body as its chunks must be bytes or text: received ${typeof chunk}`,
  );
  // The outcome of the cancellation does not matter.
  source?.cancel(error).catch(() => {});
  throw error;
}

/**
 * Joins arrays of bytes.
 *
 * @module
 */

/** Joins arrays of bytes into one new array. `size` is the sum of their lengths, if the caller knows it. */
export function concatenate(
  chunks: readonly Uint8Array[],
  size: number = chunks.reduce((sum, { length }) => sum + length, 0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

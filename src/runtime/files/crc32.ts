/**
 * CRC-32 (the polynomial of ISO 3309, as in zlib) in plain code, for a runtime that has none of its own.
 *
 * @module
 */

const POLYNOMIAL = 0xedb88320;

/** `TABLES[k][b]` is the effect of byte `b` on the checksum, `k` bytes later. */
const TABLES = Array.from({ length: 16 }, () => new Int32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  TABLES[0]![byte] = remainder;
}
for (let byte = 0; byte < 256; byte++) {
  let remainder = 0;
  for (const table of TABLES) {
    remainder = table === TABLES[0] ? table[byte]! : (remainder >>> 8) ^ TABLES[0]![remainder & 255]!;
    table[byte] = remainder;
  }
}
// Each table has a name of its own, because the loop below is half as fast when it looks the tables up in an array.
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = TABLES as unknown as readonly [
  ...[Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array],
  ...[Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array],
];

/**
 * Computes the CRC-32 of bytes, sixteen at a time (M. Kounavis and F. Berry, "A Systematic Approach to Building High Performance,
 * Software-based, CRC Generators", 2005).
 *
 * @param bytes The bytes.
 * @returns An unsigned integer.
 */
export function crc32(bytes: Uint8Array<ArrayBuffer>): number {
  if (bytes.byteOffset % 4 !== 0) return crc32(bytes.slice());
  // All systems on which the runtimes work are little-endian, as the checksum needs the words.
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const end = words.length - (words.length % 4);
  let crc = -1;
  for (let index = 0; index < end; index += 4) {
    const a = crc ^ words[index]!;
    const b = words[index + 1]!;
    const c = words[index + 2]!;
    const d = words[index + 3]!;
    crc = T15[a & 255]! ^ T14[(a >>> 8) & 255]! ^ T13[(a >>> 16) & 255]! ^ T12[a >>> 24]! ^
      T11[b & 255]! ^ T10[(b >>> 8) & 255]! ^ T9[(b >>> 16) & 255]! ^ T8[b >>> 24]! ^
      T7[c & 255]! ^ T6[(c >>> 8) & 255]! ^ T5[(c >>> 16) & 255]! ^ T4[c >>> 24]! ^
      T3[d & 255]! ^ T2[(d >>> 8) & 255]! ^ T1[(d >>> 16) & 255]! ^ T0[d >>> 24]!;
  }
  for (let index = end * 4; index < bytes.length; index++) {
    crc = (crc >>> 8) ^ T0[(crc ^ bytes[index]!) & 255]!;
  }
  return ~crc >>> 0;
}

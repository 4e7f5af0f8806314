/**
 * Hashes that give long texts short names.
 *
 * @module
 */

const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;
const SECOND_OFFSET = 0x9747b28c;

/**
 * Hashes a text to 53 bits: two 32-bit FNV-1a sums over the UTF-16 units, from different offsets, with murmur3's finaliser. The
 * hash tells texts apart. It keeps nothing secret, and does not resist an attacker that wants two texts to collide.
 *
 * @param text Any text.
 * @returns A safe integer, the same on every runtime.
 */
export function hashText(text: string): number {
  let low = FNV_OFFSET;
  let high = SECOND_OFFSET;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, FNV_PRIME);
    high = Math.imul(high ^ unit ^ (low >>> 15), FNV_PRIME);
  }
  return joined(high, low);
}

/** Hashes bytes as {@linkcode hashText} hashes the text that has a unit for each byte. */
export async function hashBytes(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let sums: Sums = { low: FNV_OFFSET, high: SECOND_OFFSET };
  for await (const chunk of chunks) sums = addBytes(sums, chunk);
  return joined(sums.high, sums.low);
}

interface Sums {
  readonly low: number;
  readonly high: number;
}

function addBytes({ low, high }: Sums, bytes: Uint8Array): Sums {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    low = Math.imul(low ^ byte, FNV_PRIME);
    high = Math.imul(high ^ byte ^ (low >>> 15), FNV_PRIME);
  }
  return { low, high };
}

/** Returns the hash as 11 characters that every file system allows in a name. */
export function hashName(text: string): string {
  return hashText(text).toString(36).padStart(11, "0");
}

function joined(high: number, low: number): number {
  return (finalise(high) >>> 11) * 2 ** 32 + (finalise(low) >>> 0);
}

function finalise(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

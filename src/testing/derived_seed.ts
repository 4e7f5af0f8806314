/**
 * Derives seeds from a seed and names.
 *
 * @module
 */

/**
 * Derives one seed from several values: the 32-bit FNV-1a hash (Fowler, Noll, Vo) of their text.
 *
 * @param parts The values.
 * @returns The seed.
 */
export function derivedSeed(...parts: readonly (string | number)[]): number {
  const text = parts.join("\n");
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

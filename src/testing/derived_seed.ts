/**
 * Seeds that follow from a seed and a name.
 *
 * @module
 */

/**
 * Makes one seed of several things: FNV-1a (Fowler, Noll, Vo) of 32 bits over their text.
 *
 * @param parts What the seed follows from.
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

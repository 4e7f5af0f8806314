/**
 * Read access to header fields, whether in a `Headers` object or in stored metadata.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";

/** The fields of a message; a `Headers` object implements it. */
export interface Fields {
  /** Returns the value of a field, its lines joined by commas; `null` if it is absent. */
  get(name: string): string | null;
}

/**
 * Gives access to the fields of a stored response, without copying them.
 *
 * @param meta The stored metadata.
 * @returns The fields. Their names must be in lower case.
 */
export function storedFields({ headers }: Pick<CacheMeta, "headers">): Fields {
  return {
    get(name) {
      for (const [own, value] of headers) if (own === name) return value;
      return null;
    },
  };
}

/**
 * Header fields to read, wherever they are kept.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";

/** The fields of a message; `Headers` are such. */
export interface Fields {
  /** The value of a field, its lines joined by commas; `null` when it is absent. */
  get(name: string): string | null;
}

/**
 * The fields of a stored response, without a copy.
 *
 * @param meta What is kept beside the body.
 * @returns The fields; asked for by their lower-case names.
 */
export function storedFields({ headers }: Pick<CacheMeta, "headers">): Fields {
  return {
    get(name) {
      for (const [own, value] of headers) if (own === name) return value;
      return null;
    },
  };
}

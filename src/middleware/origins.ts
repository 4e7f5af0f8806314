/**
 * Restricts a middleware to some origins.
 *
 * @module
 */

import { secretShapeError } from "../primitives/argument_checks.ts";

/**
 * Creates a function that tests whether a URL belongs to some origins.
 *
 * @param action The action for the error, as in "Cannot {action} as …".
 * @param origins The origins, as URLs; `undefined` for all origins.
 * @returns The function, which takes an absolute URL.
 * @throws {TypeError} If an entry is no http(s) URL.
 */
export function originsOf(
  action: string,
  origins: readonly (string | URL)[] | undefined,
): (url: string) => boolean {
  if (origins === undefined) return () => true;
  const rule = "an array of http(s) URLs";
  // The error does not show the value, because it may contain credentials.
  if (!Array.isArray(origins)) throw secretShapeError(action, "origins", rule, origins);
  const known = new Set<string>();
  for (const [index, each] of (origins as readonly unknown[]).entries()) {
    const text = String(each);
    if (!/^https?:/i.test(text) || !URL.canParse(text)) {
      throw secretShapeError(action, `origins[${index}]`, "an http(s) URL", each);
    }
    known.add(new URL(text).origin);
  }
  return (url) => known.has(new URL(url).origin);
}

/**
 * Which origins a middleware is for.
 *
 * @module
 */

import { secretShapeError } from "../primitives/argument_checks.ts";

/**
 * Makes a test of URLs.
 *
 * @param action What can't be done with wrong ones, for the message.
 * @param origins URLs, of which the origins count; `undefined` for all.
 * @returns Whether an absolute URL belongs to one of them.
 * @throws {TypeError} If one is no http(s) URL.
 */
export function originsOf(
  action: string,
  origins: readonly (string | URL)[] | undefined,
): (url: string) => boolean {
  if (origins === undefined) return () => true;
  const rule = "an array of http(s) URLs";
  // What is wrong is not shown: it may hold credentials.
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

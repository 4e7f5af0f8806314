/**
 * Which origins a middleware is for.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";

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
  if (!Array.isArray(origins)) throw argumentError(action, "origins", rule, origins);
  const known = new Set<string>();
  for (const each of origins as readonly unknown[]) {
    const text = String(each);
    // What is wrong is not shown: it may hold credentials.
    if (!/^https?:/i.test(text) || !URL.canParse(text)) {
      throw argumentError(action, "origins", rule, typeof each);
    }
    known.add(new URL(text).origin);
  }
  return (url) => known.has(new URL(url).origin);
}

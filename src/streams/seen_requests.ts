/**
 * Which requests have been made already.
 *
 * @module
 */

import { isUrl, withoutFragment } from "../http/url.ts";
import { objectTag } from "../primitives/object_tag.ts";

/** Members that say nothing of what a request asks for. */
const IRRELEVANT = new Set(["signal", "schema"]);

/** Remembers requests, so that a list whose pages lead in a circle is noticed. */
export class SeenRequests {
  readonly #keys = new Set<string>();

  /**
   * Remembers a request.
   *
   * @param request The request.
   * @returns Whether it is new. One whose body, or anything else, can't be compared always is.
   */
  add(request: unknown): boolean {
    const key = keyOf(request);
    if (key === undefined) return true;
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    return true;
  }
}

function keyOf(request: unknown): string | undefined {
  const spec = isUrl(request) ? { url: request } : request as object;
  let isComparable = true;
  function toText(this: Readonly<Record<string, unknown>>, name: string, shown: unknown): unknown {
    // Bun has platform objects that say themselves what they are as JSON, and do so before this is asked.
    const value = this[name];
    if (value === undefined || IRRELEVANT.has(name)) return undefined;
    if (name === "url") return normalize(String(value));
    if (value instanceof Headers || value instanceof URLSearchParams) return [...value];
    if (!isPlain(value)) isComparable = false;
    return shown;
  }
  try {
    const key = JSON.stringify(spec, toText);
    return isComparable ? key : undefined;
  } catch {
    // It refers to itself, or has numbers in it that JSON does not know.
    return undefined;
  }
}

/** Whether JSON says all of a value. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  return ["Object", "Array"].includes(objectTag(value));
}

function normalize(url: string): string {
  return withoutFragment(URL.canParse(url) ? new URL(url).href : url);
}

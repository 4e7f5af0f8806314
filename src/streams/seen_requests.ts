/**
 * Remembers which requests were made already.
 *
 * @module
 */

import { isUrl, withoutFragment } from "../http/url.ts";
import { objectTag } from "../primitives/object_tag.ts";

/** Members that do not affect what a request asks for. */
const IRRELEVANT = new Set(["signal", "schema"]);

/** Remembers requests, to notice a list whose pages lead in a circle. */
export class SeenRequests {
  readonly #keys = new Set<string>();

  /**
   * Remembers a request.
   *
   * @param request The request.
   * @returns Whether the request is new. A request that cannot be compared, for example because of its body, always counts as
   * new.
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
    // Read the original value: in Bun, some platform objects have a `toJSON`, which runs before this function.
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
    // The request refers to itself, or contains a `bigint`, which JSON cannot express.
    return undefined;
  }
}

/** Whether JSON expresses a value completely. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  return ["Object", "Array"].includes(objectTag(value));
}

function normalize(url: string): string {
  return withoutFragment(URL.canParse(url) ? new URL(url).href : url);
}

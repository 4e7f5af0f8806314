/**
 * Invalidation: the stored responses that a change makes wrong.
 *
 * @module
 */

import { isSafeMethod } from "../../http/classify.ts";
import { withoutFragment } from "../../http/url.ts";
import type { Fields } from "./fields.ts";

/** A request that may have changed a resource, and its response. */
export interface Change {
  /** The method, upper case. */
  readonly method: string;
  /** The absolute URL of the request, as in the cache's keys. */
  readonly url: string;
  readonly status: number;
  /** The response's fields. */
  readonly fields: Fields;
}

/**
 * Returns the URLs whose stored responses a request has invalidated (RFC 9111 §4.4). After a method that is not known to be safe
 * and a status of success or redirection, these are the request's own URL, and those in `Location` and `Content-Location` if they
 * are of the same origin.
 *
 * @param change The request and its response.
 * @returns The absolute URLs without fragments, each once.
 */
export function invalidatedUrls({ method, url, status, fields }: Change): readonly string[] {
  if (isSafeMethod(method) || status < 200 || status > 399) return [];
  const urls = new Set([withoutFragment(url)]);
  for (const name of ["location", "content-location"]) {
    const value = fields.get(name);
    if (value === null || !URL.canParse(value, url)) continue;
    const target = new URL(value, url);
    if (target.origin === new URL(url).origin) urls.add(withoutFragment(target.href));
  }
  return [...urls];
}

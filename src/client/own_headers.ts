/**
 * Headers that a caller's own `fetch` may change.
 *
 * @module
 */

import type { FetchFunction } from "../policies/policy.ts";

/**
 * Gives a `fetch` of the caller's own a copy of the headers. Many requests have theirs in common, and a function that adds a
 * header to one of them must not send it with the others, which may go to other origins.
 *
 * @param fetch The function of the caller.
 */
export function withOwnHeaders(fetch: FetchFunction): FetchFunction {
  return (input, init) => {
    const headers = init?.headers;
    // `Headers` and lists are the caller's own; those that requests have in common are plain objects.
    const areCommon = headers !== undefined && !(Symbol.iterator in headers);
    return fetch(input, areCommon ? { ...init, headers: { ...headers } } : init);
  };
}

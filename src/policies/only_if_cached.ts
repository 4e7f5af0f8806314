/**
 * Handler 3 for calls that only a cache may answer, behind the cache or in its place: they go no further.
 *
 * @module
 */

import type { Handler } from "./policy.ts";
import { Reply } from "./reply.ts";

/**
 * Answers calls that are for the cache alone with a 504.
 *
 * @param next Where all others go.
 * @returns The handler.
 */
export function onlyIfCached(next: Handler): Handler {
  return (call) =>
    call.settings.cache === "only-if-cached" ? Promise.resolve(unsatisfiable(call.sentUrl)) : next(call);
}

/**
 * The answer to who wants what is stored, and nothing is: 504 (RFC 9111 §5.2.1.7).
 *
 * @param url The URL; empty if several mirrors could answer it.
 */
export function unsatisfiable(url: string): Reply {
  return new Reply({ status: 504, headers: new Headers(), url }, { from: "cache", body: new Uint8Array(0) });
}

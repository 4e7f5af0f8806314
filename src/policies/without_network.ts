/**
 * Answers without the network: of an offline client without a cache, and in place of a cache that has no answer.
 *
 * @module
 */

import { OfflineError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Handler } from "./policy.ts";
import { Reply } from "./reply.ts";

/**
 * Refuses every call.
 *
 * @returns The handler. It rejects with an `OfflineError`.
 */
export function offline(): Handler {
  return (call) => Promise.reject(offlineError(call));
}

/** Creates the error of a call that only the network could have answered. */
export function offlineError(call: Call): OfflineError {
  const about = call.describe();
  const { readCache, cache } = call.settings;
  const why = readCache && cache !== "no-store" ? "has no answer" : "is not to be read";
  return new OfflineError(
    `${about.method} ${about.url} was not sent: the client is offline, and the cache ${why}`,
    about,
  );
}

/**
 * Returns the response to a request for a stored response that does not exist: 504 (RFC 9111 §5.2.1.7).
 *
 * @param url The URL; empty if several mirrors could answer it.
 */
export function unsatisfiable(url: string): Reply {
  return new Reply({ status: 504, headers: new Headers(), url }, { from: "cache", body: new Uint8Array(0) });
}

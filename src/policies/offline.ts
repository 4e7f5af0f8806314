/**
 * Handler 3 of an offline client without a cache: nothing is sent, and nothing is there.
 *
 * @module
 */

import { OfflineError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Handler } from "./policy.ts";

/**
 * Refuses every call.
 *
 * @returns The handler. It rejects with an `OfflineError`.
 */
export function offline(): Handler {
  return (call) => Promise.reject(offlineError(call));
}

/** The error of a call that only the network could have answered. */
export function offlineError(call: Call): OfflineError {
  const about = call.describe();
  const { readCache, cache } = call.settings;
  const why = readCache && cache !== "no-store" ? "has no answer" : "is not to be read";
  return new OfflineError(
    `${about.method} ${about.url} was not sent: the client is offline, and the cache ${why}`,
    about,
  );
}

/**
 * The flag for a cache on disk, the same for every command that fetches.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import { clientOptionsFromEnv } from "../client/environment_options.ts";
import { currentRuntime } from "../runtime/current.ts";
import { UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";

/** The flag `--cache`. */
export const CACHE_FLAGS = {
  cache: { kind: "value", value: "DIR", help: "cache responses in DIR" },
} as const;

/** The paragraph of the help on the variable that turns caches off. */
export const CACHE_DETAIL = "SLIPSTREAM_CI=1 in the environment turns the cache off.";

/** The variable that turns caches off. */
const CI = "SLIPSTREAM_CI";

/**
 * Returns whether the environment turns caches off.
 *
 * @param env Reads a variable of the environment.
 * @throws {UsageError} If the variable is neither a yes nor a no.
 */
export function cachesAreOff(env: (name: string) => string | undefined = currentRuntime.env): boolean {
  try {
    return clientOptionsFromEnv({ [CI]: env(CI) }).cache === false;
  } catch (cause) {
    throw new UsageError(errorLine(cause), { cause });
  }
}

/**
 * Warns once when the cache fails, since one cause makes all reads and writes fail. Also warns once when Formula 1 files may be
 * out of date.
 *
 * @param client The client that uses the cache.
 * @param warn Shows a warning.
 * @returns Disposing it ends the warnings.
 */
export function warnOfCache(client: Client, warn: (text: string) => Promise<void>): Disposable {
  const untold = new Set(["cache", "f1"]);
  return client.on((event) => {
    if (event.type !== "warning" || !untold.delete(event.source)) return;
    const text = event.error === undefined ? event.message : `${event.message}: ${errorLine(event.error)}`;
    // A warning that can't be shown is no reason to stop.
    warn(text).catch(() => {});
  });
}

/**
 * The flag for a cache on disk, the same for every command that fetches.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { filesystemCache } from "../cache/filesystem.ts";
import type { Client } from "../client/client.ts";
import { clientOptionsFromEnv } from "../client/environment_options.ts";
import type { Clock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import { type Flags, UsageError } from "./args.ts";
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
 * Creates the cache of `--cache`. Nothing is read or written yet.
 *
 * @param flags The values of the flags.
 * @param clock The source of time.
 * @param env Reads a variable of the environment.
 * @returns The cache; `undefined` without `--cache`, and where the environment turns caches off.
 * @throws {UsageError} If the value can't be the path of a folder, or the variable is neither a yes nor a no.
 */
export function openCache(
  { cache: dir }: Flags<typeof CACHE_FLAGS>,
  clock: Clock,
  env: (name: string) => string | undefined = currentRuntime.env,
): CacheAdapter | undefined {
  if (dir === undefined) return undefined;
  if (cachesAreOff(env)) return undefined;
  try {
    return filesystemCache(dir, { now: () => clock.wallNow() });
  } catch (cause) {
    throw new UsageError(`'--cache' must be the path of a folder: received ${JSON.stringify(dir)}`, {
      cause,
    });
  }
}

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
 * Warns once when the cache fails, since one cause makes all reads and writes fail. Also warns once when Formula 1 files may be out of
 * date.
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

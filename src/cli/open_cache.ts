/**
 * The cache of the flag `--cache`.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { filesystemCache } from "../cache/filesystem.ts";
import type { Clock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import { type Flags, UsageError } from "./args.ts";
import { type CACHE_FLAGS, cachesAreOff } from "./cache_flags.ts";

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

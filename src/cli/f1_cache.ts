/**
 * The cache of `slipstream f1`: the folder of `--cache`, or the one that sources use by default.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { filesystemCache } from "../cache/filesystem.ts";
import { type DiskConditions, diskFolderFor } from "../f1/default_cache.ts";
import { MAX_DISK_BYTES } from "../f1/disk_tier.ts";
import { systemClock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import { type Flags, UsageError } from "./args.ts";
import { CACHE_DETAIL, cachesAreOff, openCache } from "./cache_flags.ts";

/** The flags `--cache` and `--no-cache`. */
export const F1_CACHE_FLAGS = {
  cache: {
    kind: "value",
    value: "DIR",
    help: "keep what comes in the folder DIR instead, and use what is there",
  },
  "no-cache": { kind: "switch", help: "keep nothing, and use nothing that was kept" },
} as const;

/** What the help says of them, line by line. */
export const F1_CACHE_DETAILS: readonly string[] = [
  "What comes from jsDelivr is kept in the folder slipstream/f1 of your caches ($XDG_CACHE_HOME, ~/.cache, ~/Library/Caches or " +
  "%LOCALAPPDATA%), up to 2 GiB: 'slipstream cache stats --f1' looks at it. What comes from --base-url is kept with --cache alone.",
  "The files of past seasons are good for ever, and those of the running one, and that a file is missing, for five minutes; while the " +
  "network fails they are used for up to 30 days, with a warning.",
  CACHE_DETAIL,
];

/** A cache that is open. */
export interface F1Cache {
  readonly adapter: CacheAdapter;
  /** The folder, where none was named. */
  readonly defaultDir?: string | undefined;
}

/**
 * Opens the cache that the flags ask for, or else the default one. Nothing is read or written yet.
 *
 * @param flags What was given.
 * @param conditions How the files are fetched.
 * @param env Reads a variable of the environment.
 * @returns The cache; `undefined` with `--no-cache`, where the environment turns caches off, and where there is no default one.
 * @throws {UsageError} If the flags contradict each other, the folder's name can't be one, or the environment says something else than
 * yes or no.
 */
export function openF1Cache(
  flags: Flags<typeof F1_CACHE_FLAGS>,
  conditions: DiskConditions,
  env: (name: string) => string | undefined = currentRuntime.env,
): F1Cache | undefined {
  if (flags["no-cache"]) {
    if (flags.cache !== undefined) throw new UsageError("'--cache' and '--no-cache' contradict each other");
    return undefined;
  }
  if (flags.cache !== undefined) {
    const adapter = openCache(flags, conditions.clock ?? systemClock, env);
    return adapter && { adapter };
  }
  if (cachesAreOff(env)) return undefined;
  const defaultDir = diskFolderFor(conditions);
  if (defaultDir === undefined) return undefined;
  return { adapter: filesystemCache(defaultDir, { maxBytes: MAX_DISK_BYTES }), defaultDir };
}

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
import { CACHE_DETAIL, cachesAreOff } from "./cache_flags.ts";
import { openCache } from "./open_cache.ts";

/** The flags `--cache` and `--no-cache`. */
export const F1_CACHE_FLAGS = {
  cache: {
    kind: "value",
    value: "DIR",
    help: "cache files in DIR instead",
  },
  "no-cache": { kind: "switch", help: "read and write no cache" },
} as const;

/** The paragraphs of the help on those flags. */
export const F1_CACHE_DETAILS: readonly string[] = [
  "Files from jsDelivr are cached in the folder slipstream/f1 of your caches ($XDG_CACHE_HOME, ~/.cache, ~/Library/Caches or " +
  "%LOCALAPPDATA%), up to 2 GiB: 'slipstream cache stats --f1' shows it. Files from --base-url are cached only with --cache.",
  "Files of past seasons stay valid for ever; those of the running season, and the absence of a file, for five minutes. While the " +
  "network fails, the cache serves them for up to 30 days, with a warning.",
  CACHE_DETAIL,
];

/** The cache of a run. */
export interface F1Cache {
  readonly adapter: CacheAdapter;
  /** The path of the default folder, if the user names no other. */
  readonly defaultDir?: string | undefined;
}

/**
 * Creates the cache that the flags ask for, or else the default one. Nothing is read or written yet.
 *
 * @param flags The values of the flags.
 * @param conditions The `fetch`, the clock and the mirrors of the source, which decide whether it may share the default folder.
 * @param env Reads a variable of the environment.
 * @returns The cache; `undefined` with `--no-cache`, where the environment turns caches off, and where there is no default one.
 * @throws {UsageError} If the flags contradict each other, the value of `--cache` can't be the path of a folder, or the variable
 * is neither a yes nor a no.
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

/**
 * The shortest backoffs and pauses that the options allow.
 *
 * @module
 */

import type { BackoffOptions } from "../../../src/primitives/backoff.ts";

/** Returns the shortest allowed delay before a retry, in milliseconds. */
export function leastBackoffMs(options: BackoffOptions | undefined, retry: number): number {
  const { factor = 2, baseMs = 1_000, maxMs = 60_000, jitter = "additive" } = options ?? {};
  const exponentialMs = Math.min(factor ** retry * baseMs, maxMs);
  switch (jitter) {
    case "additive":
    case "none":
      return exponentialMs;
    case "full":
      return 0;
    case "equal":
      return exponentialMs / 2;
    case "decorrelated":
      return Math.min(baseMs, maxMs);
  }
}

/** Returns the shortest allowed pause after a 429 that names no pause, in milliseconds. */
export function leastPauseMs(options: BackoffOptions | undefined): number {
  const { baseMs = 1_000, maxMs = 60_000 } = options ?? {};
  return Math.min(baseMs, maxMs);
}

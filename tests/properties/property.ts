/**
 * fast-check with 500 runs per property instead of its default, and with a fixed seed, so that a test that passes here passes
 * everywhere. To search further, set `FAST_CHECK_RUNS` and `FAST_CHECK_SEED` to numbers. A failure prints the seed and the
 * path; `fc.assert(…, { seed, path })` runs that case again.
 *
 * @module
 */

import fc from "fast-check";

fc.configureGlobal({ numRuns: wanted("FAST_CHECK_RUNS", 500), seed: wanted("FAST_CHECK_SEED", 2_026) });

/** Returns the number in an environment variable, or a default. */
function wanted(name: string, otherwise: number): number {
  const { process } = globalThis as unknown as {
    readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  return Number(process?.env[name] ?? otherwise);
}

export { fc };

/**
 * fast-check, for properties that are cheap: with more runs than it makes by itself, and with the same ones each time, so that a test that
 * passes passes everywhere. Whoever looks for more sets `FAST_CHECK_RUNS`, and `FAST_CHECK_SEED` to a number. A failure tells the seed
 * and the path, which `fc.assert(…, { seed, path })` runs again.
 *
 * @module
 */

import fc from "fast-check";

fc.configureGlobal({ numRuns: wanted("FAST_CHECK_RUNS", 500), seed: wanted("FAST_CHECK_SEED", 2_026) });

/** What somebody wants who is looking for more. */
function wanted(name: string, otherwise: number): number {
  const { process } = globalThis as unknown as {
    readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  return Number(process?.env[name] ?? otherwise);
}

export { fc };

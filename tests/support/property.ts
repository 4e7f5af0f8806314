/**
 * fast-check, for properties that are cheap: with more runs than it makes by itself. A failure tells the seed and the path, which
 * `fc.assert(…, { seed, path })` runs again.
 *
 * @module
 */

import fc from "fast-check";

fc.configureGlobal({ numRuns: Number(runs() ?? 500) });

/** How many runs somebody wants who is looking for more. */
function runs(): string | undefined {
  const { process } = globalThis as unknown as {
    readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  return process?.env["FAST_CHECK_RUNS"];
}

export { fc };

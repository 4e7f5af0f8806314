/**
 * Deno, which runs the sources.
 *
 * @module
 */

import { BENCH, type BenchRuntime } from "./bench_runtime.ts";

/** Returns the Deno that runs this process. */
export function denoRuntime(): BenchRuntime {
  return {
    name: "deno",
    version: Deno.version.deno,
    command: [Deno.execPath(), "run", "--quiet", "--allow-all", "--no-check"],
    fileOf: (name) => `${BENCH}${name}.ts`,
  };
}

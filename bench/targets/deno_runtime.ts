/**
 * Deno, which runs the sources.
 *
 * @module
 */

import { BENCH, type BenchRuntime } from "./bench_runtime.ts";

/** The Deno that this runs on. */
export function denoRuntime(): BenchRuntime {
  return {
    name: "deno",
    version: Deno.version.deno,
    command: [Deno.execPath(), "run", "--quiet", "--allow-all", "--no-check"],
    fileOf: (name) => `${BENCH}${name}.ts`,
  };
}

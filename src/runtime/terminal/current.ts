/**
 * The terminal of the current runtime.
 *
 * @module
 */

import { bunTerminal } from "./bun.ts";
import type { Terminal } from "./contract.ts";
import { denoTerminal } from "./deno.ts";

/**
 * Returns the terminal of the current runtime.
 *
 * @throws {TypeError} If the runtime is neither Deno nor Bun, or a Bun before 1.2.6.
 */
export function currentTerminal(): Terminal {
  if ("Bun" in globalThis) return bunTerminal();
  if ("Deno" in globalThis) return denoTerminal();
  throw new TypeError("Cannot use the terminal as this runtime is neither Deno nor Bun");
}

/**
 * The terminal of the current runtime.
 *
 * @module
 */

import { bunTerminal } from "./bun.ts";
import type { Terminal } from "./contract.ts";
import { denoTerminal } from "./deno.ts";

/** Returns the terminal of the current runtime. */
export function currentTerminal(): Terminal {
  return "Bun" in globalThis ? bunTerminal() : denoTerminal();
}

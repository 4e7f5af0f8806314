/**
 * The terminal of whichever runtime this is.
 *
 * @module
 */

import { bunTerminal } from "./bun.ts";
import type { Terminal } from "./contract.ts";
import { denoTerminal } from "./deno.ts";

/** Finds out the runtime and returns its terminal. */
export function currentTerminal(): Terminal {
  return "Bun" in globalThis ? bunTerminal() : denoTerminal();
}

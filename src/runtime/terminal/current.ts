/**
 * The terminal of whichever runtime this is.
 *
 * @module
 */

import { bunTerminal } from "./bun.ts";
import type { Terminal } from "./contract.ts";
import { denoTerminal } from "./deno.ts";

/** Finds out the runtime and returns its terminal. */
export async function currentTerminal(): Promise<Terminal> {
  return "Bun" in globalThis ? await bunTerminal() : denoTerminal();
}

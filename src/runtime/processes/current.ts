/**
 * Other processes on whichever runtime this is.
 *
 * @module
 */

import { bunProcesses } from "./bun.ts";
import type { Processes } from "./contract.ts";
import { denoProcesses } from "./deno.ts";

/** What the program may do beside itself. Nothing is started before it is asked for. */
export function currentProcesses(): Processes {
  return "Bun" in globalThis ? bunProcesses() : denoProcesses;
}

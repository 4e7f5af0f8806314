/**
 * Other processes on the current runtime.
 *
 * @module
 */

import { bunProcesses } from "./bun.ts";
import type { Processes } from "./contract.ts";
import { denoProcesses } from "./deno.ts";

/** Returns the processes and temporary folders of the current runtime. Nothing starts before a member is called. */
export function currentProcesses(): Processes {
  return "Bun" in globalThis ? bunProcesses() : denoProcesses;
}

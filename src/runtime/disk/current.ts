/**
 * The disk of the current runtime.
 *
 * @module
 */

import type { Disk } from "./contract.ts";
import { denoDisk } from "./deno.ts";
import { nodeDisk } from "./node.ts";

let disk: Disk | undefined;

/**
 * Returns the disk of this machine.
 *
 * @throws {TypeError} If the runtime has none.
 */
export function currentDisk(): Disk {
  return disk ??= "Deno" in globalThis ? denoDisk() : nodeDisk();
}

/**
 * The disk, on whichever runtime this is.
 *
 * @module
 */

import type { Disk } from "./contract.ts";
import { denoDisk } from "./deno.ts";
import { nodeDisk } from "./node.ts";

let disk: Disk | undefined;

/**
 * The disk of this machine.
 *
 * @throws {TypeError} If the runtime has none.
 */
export function currentDisk(): Disk {
  return disk ??= "Deno" in globalThis ? denoDisk() : nodeDisk();
}

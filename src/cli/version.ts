/**
 * The version of the program.
 *
 * @module
 */

/** The version of this package, as `deno.json` has it. */
export const VERSION = "0.1.0";

/**
 * The messages of thrown values.
 *
 * @module
 */

import { isError } from "../errors.ts";

/** Returns the message of an error, or any other thrown value as a string. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

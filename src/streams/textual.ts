/**
 * What lines and events may be.
 *
 * @module
 */

import type { Settings } from "../policies/settings.ts";

/**
 * Checks that something is to be text, or JSON.
 *
 * @param as What it is to be.
 * @param action What can't be done otherwise.
 * @throws {TypeError} If it is to be bytes.
 */
export function checkTextual(as: Settings["as"], action: string): void {
  if (as !== "bytes") return;
  throw new TypeError(`Cannot ${action} as 'as' must be 'json' or 'text': received 'bytes'`);
}

/**
 * Checks the option `as` of lines and events.
 *
 * @module
 */

import type { Settings } from "../policies/settings.ts";

/**
 * Checks that the items are decoded as text or JSON.
 *
 * @param as The option `as`.
 * @param action The action for the error message.
 * @throws {TypeError} If `as` is `"bytes"`.
 */
export function checkTextual(as: Settings["as"], action: string): void {
  if (as !== "bytes") return;
  throw new TypeError(`Cannot ${action} as 'as' must be 'json' or 'text': received 'bytes'`);
}

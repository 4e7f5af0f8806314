/**
 * What may be among the options of F1 methods; the rest is the client's to check.
 *
 * @module
 */

import { describeUnknown } from "../http/option_hints.ts";
import { assertOptions } from "../primitives/argument_checks.ts";

/** What the path of a file decides. */
const DECIDED: readonly string[] = ["schema", "as"];

/**
 * Checks options for what the client does not know: names that are almost those of F1 methods, and what follows from the path.
 *
 * @param action What can't be done, as in "Cannot {action} as …".
 * @param options The options.
 * @param own The options that the method has and the client has not.
 * @throws {TypeError} If they are no object, or one of them is misspelt or has no place here.
 */
export function checkF1Options(action: string, options: object, own: readonly string[] = []): void {
  assertOptions(action, options);
  for (const [name, value] of Object.entries(options)) {
    if (DECIDED.includes(name) && value !== undefined) {
      throw new TypeError(
        `Cannot ${action} as '${name}' is not an option here, because it follows from the path: use 'client' for other requests`,
      );
    }
    if (own.length === 0 || own.includes(name)) continue;
    const hint = describeUnknown(name, own);
    if (hint.includes("did you mean")) throw new TypeError(`Cannot ${action} as '${name}' ${hint}`);
  }
}

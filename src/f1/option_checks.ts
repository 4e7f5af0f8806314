/**
 * Checks the options that only F1 methods have; the client checks the others.
 *
 * @module
 */

import { describeUnknown } from "../http/option_hints.ts";
import { assertOptions } from "../primitives/argument_checks.ts";

/** The options of a request that follow from the path of a file. */
const DECIDED: readonly string[] = ["schema", "as"];

/**
 * Checks options for mistakes that the client can't see: misspelt names of options that only F1 methods have, and options that
 * follow from the path.
 *
 * @param action The action for the error, as in "Cannot {action} as …".
 * @param options The options.
 * @param own The names of the options that the method has and the client does not have.
 * @throws {TypeError} If the options are no object, or one of them is misspelt or follows from the path.
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

/**
 * Errors of another realm, such as those of the runtime in a test of Jest.
 *
 * @module
 */

import { runInNewContext } from "node:vm";

/** Evaluates an expression in a realm of its own, where the classes of errors are others. */
export function foreignError(expression: string): Error {
  return runInNewContext(expression);
}

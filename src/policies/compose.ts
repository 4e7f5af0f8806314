/**
 * Puts policies around a handler, once, when the client is made.
 *
 * @module
 */

import type { Handler, Policy } from "./policy.ts";

/**
 * Joins policies to one handler.
 *
 * @param policies Outermost first; an absent one costs nothing.
 * @param last The innermost handler.
 * @returns The handler that a call enters.
 */
export function compose(policies: readonly (Policy | undefined)[], last: Handler): Handler {
  return policies.reduceRight((next, policy) => policy === undefined ? next : policy(next), last);
}

/**
 * Puts the stations in their order, once, when the client is made.
 *
 * @module
 */

import type { Policy, Station } from "./policy.ts";

/**
 * Joins policies to one station.
 *
 * @param policies Outermost first; an absent one costs nothing.
 * @param last The innermost station.
 * @returns The station that a call enters.
 */
export function compose(policies: readonly (Policy | undefined)[], last: Station): Station {
  return policies.reduceRight((next, policy) => policy === undefined ? next : policy(next), last);
}

/**
 * The contract of a cache plan: all that a client knows of caching. The code that caches comes with the plan.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";
import type { Mirror } from "./mirror.ts";
import type { Environment, Policy } from "./policy.ts";

/** What marks a plan. It is the same in every copy of this module, because a bundle may hold one of its own. */
const POLICY_MAKER: unique symbol = Symbol.for("@slipstream/fetch/cache-plan");

/**
 * How a client caches: what `httpCache()` and `ttlCache()` of `@slipstream/fetch/cache` give. Any number of clients may use one
 * plan.
 */
export interface CachePlan {
  /** Which of the two has made it. */
  readonly name: "httpCache" | "ttlCache";
}

/** Where the requests of a client lead, and what they carry. */
export interface CacheSurroundings {
  /** Whether the network may not be asked. */
  readonly offline: boolean;
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that no other caller may profit from. */
  readonly sensitive: ReadonlySet<string>;
  /** Where relative URLs lead. */
  readonly mirrors: readonly Mirror[];
}

/** Makes the policy of one client. */
export type CachePolicyMaker = (environment: Environment, surroundings: CacheSurroundings) => Policy;

/**
 * Makes a plan.
 *
 * @param name What the plan is made by.
 * @param makePolicy Called once for each client.
 * @returns The plan.
 */
export function createCachePlan(name: CachePlan["name"], makePolicy: CachePolicyMaker): CachePlan {
  return Object.freeze({ name, [POLICY_MAKER]: makePolicy });
}

/** Whether a value is a plan, made by whichever copy of this module. */
export function isCachePlan(value: unknown): value is CachePlan {
  return typeof value === "object" && value !== null && makerOf(value) !== undefined;
}

/**
 * Makes the policy of a client.
 *
 * @param plan How the client caches.
 * @param environment What the policies share.
 * @param surroundings Where the client's requests lead, and what they carry.
 * @returns The policy.
 */
export function policyOf(
  plan: CachePlan,
  environment: Environment,
  surroundings: CacheSurroundings,
): Policy {
  return makerOf(plan)!(environment, surroundings);
}

function makerOf(plan: object): CachePolicyMaker | undefined {
  return (plan as { readonly [POLICY_MAKER]?: CachePolicyMaker })[POLICY_MAKER];
}

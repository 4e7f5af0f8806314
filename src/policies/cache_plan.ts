/**
 * The contract of a cache plan, the only part of caching that a client knows. A plan brings the code that caches with it.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";
import type { Mirror } from "./mirror.ts";
import type { Environment, Policy } from "./policy.ts";

/** The mark of a plan. It is the same in every copy of this module, because a bundle may hold a copy of its own. */
const POLICY_MAKER: unique symbol = Symbol.for("@slipstream/fetch/cache-plan");

/**
 * A client's way of caching, as `httpCache()` and `ttlCache()` of `@slipstream/fetch/cache` return it. Any number of clients may
 * share one plan.
 */
export interface CachePlan {
  /** The name of the function that has made the plan. */
  readonly name: "httpCache" | "ttlCache";
}

/** The facts of a client that its cache needs. */
export interface CacheContext {
  /** Whether the client must not use the network. */
  readonly offline: boolean;
  /** The headers of every request. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers whose responses no other caller may get. */
  readonly sensitive: ReadonlySet<string>;
  /** The mirrors that relative URLs lead to. */
  readonly mirrors: readonly Mirror[];
}

/** Creates the cache policy of one client. */
export type CachePolicyMaker = (environment: Environment, context: CacheContext) => Policy;

/**
 * Creates a plan.
 *
 * @param name The name of the function that makes the plan.
 * @param makePolicy Creates the policy; called once for each client.
 * @returns The plan.
 */
export function createCachePlan(name: CachePlan["name"], makePolicy: CachePolicyMaker): CachePlan {
  return Object.freeze({ name, [POLICY_MAKER]: makePolicy });
}

/** Whether a value is a plan, made by any copy of this module. */
export function isCachePlan(value: unknown): value is CachePlan {
  return typeof value === "object" && value !== null && makerOf(value) !== undefined;
}

/**
 * Creates the cache policy of a client.
 *
 * @param plan The client's plan.
 * @param environment The objects that the policies share.
 * @param context The facts of the client that its cache needs.
 * @returns The policy.
 */
export function policyOf(
  plan: CachePlan,
  environment: Environment,
  context: CacheContext,
): Policy {
  return makerOf(plan)!(environment, context);
}

function makerOf(plan: object): CachePolicyMaker | undefined {
  return (plan as { readonly [POLICY_MAKER]?: CachePolicyMaker })[POLICY_MAKER];
}

/**
 * Old files in place of new ones while the network fails, and a word about it.
 *
 * @module
 */

import { type CachePlan, createCachePlan, policyOf } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";

const MESSAGE = "Files that may be out of date are served from the cache, because the network fails";

/**
 * Warns when a plan answers with what is stale because the network has failed: by one `warning` event of the source `f1` an outage, which
 * ends with the next answer from the network. What is stale and asked for as such (offline mode, `force-cache`) is no outage.
 *
 * @param plan The plan.
 * @returns The plan that does the same, and warns.
 */
export function withStaleWarnings(plan: CachePlan): CachePlan {
  return createCachePlan(plan.name, (environment, surroundings) => {
    const policy = policyOf(plan, environment, surroundings);
    const { reporter, clock } = environment;
    return (next) => {
      const asking = new WeakSet<Call>();
      let isTold = false;
      const handler = policy((call) => {
        asking.add(call);
        return next(call);
      });
      return async (call) => {
        const reply = await handler(call);
        if (reply.from === "network") isTold = false;
        else if (reply.from === "stale" && asking.has(call) && !isTold && reporter.active) {
          isTold = true;
          reporter.emit({ type: "warning", atMs: clock.now(), source: "f1", message: MESSAGE });
        }
        return reply;
      };
    };
  });
}

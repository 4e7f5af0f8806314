/**
 * Warns when a cache serves stale files because the network fails.
 *
 * @module
 */

import { type CachePlan, createCachePlan, policyOf } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";

const MESSAGE = "Files that may be out of date are served from the cache, because the network fails";

/**
 * Warns when a plan serves stale files because the network has failed: one `warning` event of the source `f1` for each outage. An
 * outage ends with the next answer from the network. A stale file that the caller asked for (offline mode, `force-cache`) sends
 * no request, and means no outage.
 *
 * @param plan The plan.
 * @returns A plan that does the same, and warns.
 */
export function withStaleWarnings(plan: CachePlan): CachePlan {
  return createCachePlan(plan.name, (environment, context) => {
    const policy = policyOf(plan, environment, context);
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

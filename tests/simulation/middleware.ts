/**
 * What users put around attempts.
 *
 * @module
 */

import type { Middleware } from "../../src/policies/middleware.ts";
import { derivedSeed } from "../../src/testing/derived_seed.ts";
import { addressOf } from "./addresses.ts";
import { AGAIN_HEADER } from "./network.ts";
import type { MiddlewareKind } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** What a middleware throws. */
export class MiddlewareError extends Error {}

/** Whether a middleware does for a request what it does for some only. */
export function isMeant(kind: MiddlewareKind, id: string): boolean {
  return derivedSeed(kind, id) % 3 === 0;
}

/** Makes a middleware that tells the stage what it keeps from the network. */
export function middlewareOf(stage: Stage, kind: MiddlewareKind): Middleware {
  return async (request, next) => {
    const { id, kind: resource, page } = addressOf(request.url);
    if (kind === "header") request.headers.set("x-seen", "1");
    if (kind === "throws" && isMeant(kind, id)) {
      withhold(stage, id);
      throw new MiddlewareError(`not ${id}`);
    }
    if (kind === "answers" && isMeant(kind, id) && resource === "data") {
      withhold(stage, id);
      return Response.json({ u: id, atMs: stage.clock.now(), page });
    }
    const response = await next(request);
    if (kind !== "twice" || response.status !== 503 || !isMeant(kind, id)) return response;
    await response.body?.cancel();
    request.headers.set(AGAIN_HEADER, "1");
    return await next(request);
  };
}

function withhold(stage: Stage, id: string): void {
  const caller = stage.callerById.get(id);
  if (caller !== undefined) caller.withheld++;
}

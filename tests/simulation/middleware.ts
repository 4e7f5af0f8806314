/**
 * The middleware that users put around attempts.
 *
 * @module
 */

import { asNetworkFailure, type Middleware } from "../../src/policies/middleware.ts";
import { derivedSeed } from "../../src/testing/derived_seed.ts";
import { addressOf, originOf } from "./addresses.ts";
import { AGAIN_HEADER } from "./network.ts";
import type { ClientPlan, MiddlewareKind } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** The error that a middleware throws. */
export class MiddlewareError extends Error {}

/** Whether an effect that applies only to some requests applies to this one: to one request in three. */
export function isMeant(kind: string, id: string): boolean {
  return derivedSeed(kind, id) % 3 === 0;
}

/** Whether a middleware may send attempts later than the scheduler admits them. */
export function takesTime({ use = [], extensions = [] }: ClientPlan): boolean {
  return [...use, ...extensions.flatMap(({ use = [] }) => use)].includes("asks");
}

/** Creates a middleware. It counts the attempts that it keeps from the network in their caller's record. */
export function middlewareOf(stage: Stage, kind: MiddlewareKind): Middleware {
  return async (request, next) => {
    stage.interference.at("middleware");
    const { id, kind: resource, page } = addressOf(request.url);
    if (kind === "hangs" && isMeant(kind, id)) {
      withhold(stage, id);
      return await new Promise(() => {});
    }
    if (kind === "asks" && resource === "private" && page === 1) await askForToken(stage, id);
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
    if (kind === "reads" && response.status === 200 && resource === "data") return await reread(response);
    if (kind === "clones" && response.ok && stage.callerById.get(id)?.streams === false) {
      // A middleware that clones a response must consume the copy itself.
      response.clone().text().catch(() => {});
    }
    if (kind === "drops" && response.ok && isMeant(kind, id) && resource === "data") {
      await response.body?.cancel();
      return Response.json({ u: id, atMs: stage.clock.now() });
    }
    if (kind !== "twice" || response.status !== 503 || !isMeant(kind, id)) return response;
    await response.body?.cancel();
    request.headers.set(AGAIN_HEADER, "1");
    return await next(request);
  };
}

/** Reads a body, and returns a new response with the read bytes. */
async function reread(response: Response): Promise<Response> {
  let body: Uint8Array<ArrayBuffer>;
  try {
    body = await response.bytes();
  } catch (error) {
    // An error that breaks off the body is a failure of the network, not of the middleware.
    throw asNetworkFailure(error as Error);
  }
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Requests a token through the same client, while the attempt holds a permit of that client. */
async function askForToken(stage: Stage, id: string): Promise<void> {
  await stage.clients[0]!.outcome(`${originOf(0)}/data/token-${id}`, { timeoutMs: 200, totalTimeoutMs: 500 });
}

function withhold(stage: Stage, id: string): void {
  const caller = stage.callerById.get(id);
  if (caller !== undefined) caller.withheld++;
}

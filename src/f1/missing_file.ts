/**
 * Files that are not there, whatever the CDN calls it.
 *
 * @module
 */

import { DataNotFoundError, isHttpError } from "../errors.ts";
import { type CachePlan, createCachePlan, policyOf } from "../policies/cache_plan.ts";
import { Reply } from "../policies/reply.ts";

/** How jsDelivr begins its 403 for a file that a repository over its size limit does not have. */
const TOO_LARGE_PACKAGE = /^\s*Package size exceeded/i;

/**
 * Tells a missing file from a refusal. The season repositories are larger than jsDelivr's limit for a package: a file that they
 * do not have is answered with a 403 whose text speaks of the package's size (jsdelivr/jsdelivr#18143).
 *
 * @param error What a request failed of.
 * @returns A `DataNotFoundError` with the error as its cause, if the file is missing; else the error itself.
 */
export function sourceError<Failure>(error: Failure): Failure | DataNotFoundError {
  if (!isHttpError(error) || error.status !== 403) return error;
  if (!TOO_LARGE_PACKAGE.test(error.body)) return error;
  const { method, url, attempts, context } = error;
  const message =
    `${error.message}: the package is too large to be searched, which means that the file is missing`;
  return new DataNotFoundError(message, { method, url, attempts, context, status: 403, cause: error });
}

/**
 * Waits for a request, and tells a missing file from a refusal.
 *
 * @param request The request.
 * @returns What it resolves to.
 * @throws {DataNotFoundError} Rejects, if the file is missing.
 */
export async function fileOf<Payload>(request: Promise<Payload>): Promise<Payload> {
  try {
    return await request;
  } catch (error) {
    throw sourceError(error);
  }
}

/**
 * Lets a plan see a 404 where the CDN answers a missing file with a 403, so that the plan keeps it like any other missing file. All mirrors
 * have been asked by then. A response that the caller reads itself stays as it is.
 *
 * @param plan The plan.
 * @returns The plan that does the same, and knows missing files.
 */
export function withMissingFiles(plan: CachePlan): CachePlan {
  return createCachePlan(plan.name, (environment, surroundings) => {
    const policy = policyOf(plan, environment, surroundings);
    return (next) =>
      policy(async (call) => {
        const reply = await next(call);
        return reply.status === 403 && !call.streams ? await asMissing(reply) : reply;
      });
  });
}

/** The 404 that a 403 means, if it does. */
async function asMissing(reply: Reply): Promise<Reply> {
  const { openBody, body, from, target, url } = reply;
  const text = openBody !== undefined
    ? await openBody.excerpt()
    : typeof body === "string"
    ? body
    : new TextDecoder().decode(body);
  if (!TOO_LARGE_PACKAGE.test(text)) return reply;
  const headers = new Headers(reply.headers);
  // They are about the body as it was sent.
  for (const name of ["content-length", "content-encoding"]) headers.delete(name);
  const missing = new Reply({ status: 404, headers, url }, {
    from,
    target,
    body: new TextEncoder().encode(text),
  });
  missing.failures = reply.failures;
  return missing;
}

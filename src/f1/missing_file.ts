/**
 * Recognizes missing files, which jsDelivr may answer with a 403.
 *
 * @module
 */

import { DataNotFoundError, isHttpError } from "../errors.ts";
import { type CachePlan, createCachePlan, policyOf } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import { Reply } from "../policies/reply.ts";
import { replyError } from "../policies/reply_error.ts";

/** The beginning of jsDelivr's 403 for a missing file of a repository over its size limit. */
const TOO_LARGE_PACKAGE = /^\s*Package size exceeded/i;

/**
 * Distinguishes a missing file from a refusal. The season repositories are larger than jsDelivr's limit for a package. jsDelivr
 * answers a request for a missing file in such a repository with a 403 whose text speaks of the package's size
 * (jsdelivr/jsdelivr#18143).
 *
 * @param error The error with which a request failed.
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
 * Waits for a request, and turns the 403 of a missing file into a `DataNotFoundError`.
 *
 * @param request The request.
 * @returns The result of the request.
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
 * Shows a cache plan a 404 where jsDelivr answers a missing file with a 403, so that the plan caches it like any other missing
 * file. By then the request has tried all mirrors. A response whose body the caller reads stays as it is.
 *
 * jsDelivr gives the same answer for a file that it cannot get from GitHub for a while. So the answer does not refute a stored
 * file that the request validates: the plan gets the error, and treats it like any failure of the network.
 *
 * @param plan The plan.
 * @returns A plan that does the same, and recognizes missing files.
 */
export function withMissingFiles(plan: CachePlan): CachePlan {
  return createCachePlan(plan.name, (environment, context) => {
    const policy = policyOf(plan, environment, context);
    return (next) =>
      policy(async (call) => {
        const reply = await next(call);
        return reply.status === 403 && !call.streams ? await asMissing(call, reply) : reply;
      });
  });
}

/** Returns a 404 if the 403 means a missing file, and else the same reply. Throws if the request validates a stored file. */
async function asMissing(call: Call, reply: Reply): Promise<Reply> {
  const { openBody, body, from, target, url } = reply;
  const text = openBody !== undefined
    ? await openBody.excerpt()
    : typeof body === "string"
    ? body
    : new TextDecoder().decode(body);
  if (!TOO_LARGE_PACKAGE.test(text)) return reply;
  if (call.journey.isValidating) throw replyError(call, reply, text);
  const headers = new Headers(reply.headers);
  // These headers describe the body as it was sent, and the new body differs.
  for (const name of ["content-length", "content-encoding"]) headers.delete(name);
  const missing = new Reply({ status: 404, headers, url }, {
    from,
    target,
    body: new TextEncoder().encode(text),
  });
  missing.failures = reply.failures;
  return missing;
}

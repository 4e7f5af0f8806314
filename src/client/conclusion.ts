/**
 * Concludes a call: makes the value or the error that the caller gets from the last reply.
 *
 * @module
 */

import { isNotFoundStatus, isSuccessStatus } from "../http/classify.ts";
import { decodedHeaders, NULL_BODY_STATUSES } from "../http/decoded_headers.ts";
import { receivedResponse, responseLike } from "../http/tracked_response.ts";
import { isSameUrl } from "../http/url.ts";
import type { Call } from "../policies/call.ts";
import { decodeReply } from "../policies/decode.ts";
import type { Reply } from "../policies/reply.ts";
import { replyError } from "../policies/reply_error.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { deferred } from "../primitives/deferred.ts";
import { currentRuntime } from "../runtime/current.ts";

/** How much an error shows of the body of a stored response, in bytes. */
const EXCERPT_BYTES = 2_048;

/**
 * How long a `DataNotFoundError` waits for the body, in milliseconds. It is short, because callers often ask for resources that
 * may not exist.
 */
const NOT_FOUND_BODY_MS = 100;

/**
 * Makes what the caller gets from a reply.
 *
 * @param call The call.
 * @param reply Its reply.
 * @param deadlines The timers of the wait for the body of an error.
 * @returns The value, or a promise of it.
 * @throws {HttpError} Rejects, for a status that is no success.
 * @throws {DataNotFoundError} Rejects, for 404 and 410.
 */
export function conclude(call: Call, reply: Reply, deadlines: Deadlines): unknown {
  call.from = reply.from;
  if (call.streams && (!call.context.rejectsStatus || isSuccessStatus(reply.status))) {
    if (!call.context.readsChunks) return toResponse(call, reply);
    return reply.openBody?.receive() ?? receivedResponse(toResponse(call, reply));
  }
  if (!isSuccessStatus(reply.status)) return fail(call, reply, deadlines);
  call.head = reply.head;
  if (reply.decodedFor === call) return ownValue(call, reply);
  const decoding = decodeReply(call, reply);
  return decoding === undefined ? ownValue(call, reply) : decoding.then(() => ownValue(call, reply));
}

/** Returns the value of a reply; a copy of bytes that other callers or the cache have too. */
function ownValue(call: Call, reply: Reply): unknown {
  const shared = reply.shared || call.flight !== undefined || call.leader !== undefined;
  return shared && reply.value instanceof Uint8Array && reply.value === reply.body
    ? reply.value.slice()
    : reply.value;
}

function toResponse(call: Call, reply: Reply): Response {
  if (reply.openBody !== undefined) return reply.openBody.release();
  const { status, url } = reply;
  const body = NULL_BODY_STATUSES.has(status) ? null : reply.body?.slice() ?? null;
  const { method, init } = call.request;
  const sent = call.target?.headers ?? call.headers;
  const headers = decodedHeaders(reply, { method, init, sent, runtime: currentRuntime });
  return responseLike({
    status,
    statusText: reply.head.statusText ?? "",
    headers,
    url,
    redirected: reply.head.redirected === true || isRedirected(call, url),
    type: "default",
  }, body);
}

/** Whether a stored response came from another URL than the requested one, as far as that is known. */
function isRedirected(call: Call, url: string): boolean {
  const asked = call.target?.url ?? call.sentUrl;
  return asked !== "" && url !== "" && !isSameUrl(url, asked);
}

async function fail(call: Call, reply: Reply, deadlines: Deadlines): Promise<never> {
  const { openBody, status } = reply;
  if (openBody === undefined) throw replyError(call, reply, storedExcerpt(reply));
  const excerpt = openBody.excerpt();
  throw replyError(call, reply, await (isNotFoundStatus(status) ? within(excerpt, deadlines) : excerpt));
}

/** Returns an excerpt that comes soon; `undefined` if it does not. */
async function within(excerpt: Promise<string>, deadlines: Deadlines): Promise<string | undefined> {
  const { promise, resolve } = deferred<undefined>();
  const deadline = deadlines.add({ onDeadline: () => resolve(undefined) }, NOT_FOUND_BODY_MS);
  try {
    return await Promise.race([excerpt, promise]);
  } finally {
    deadlines.remove(deadline);
  }
}

/** Returns the first characters of a stored body. */
function storedExcerpt({ body }: Reply): string | undefined {
  return typeof body === "string" || body === undefined
    ? body
    : new TextDecoder().decode(body.subarray(0, EXCERPT_BYTES));
}

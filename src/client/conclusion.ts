/**
 * The end of the way: from the last reply to the value, or the error, that the caller gets.
 *
 * @module
 */

import { DataNotFoundError, HttpError } from "../errors.ts";
import { isNotFoundStatus, isSuccessStatus } from "../http/classify.ts";
import type { Call } from "../policies/call.ts";
import { decodeReply } from "../policies/decode.ts";
import type { Reply } from "../policies/reply.ts";

/** Statuses whose responses can't have a body (fetch standard, "null body status"). */
const NULL_BODY = new Set([101, 103, 204, 205, 304]);

/** How much of a stored error's body is shown. */
const EXCERPT_BYTES = 2_048;

/**
 * What the caller gets for a reply.
 *
 * @param call The call.
 * @param reply Its reply.
 * @returns The value, or a promise of it.
 * @throws {HttpError} Rejects, for a status that is no success.
 * @throws {DataNotFoundError} Rejects, for 404 and 410.
 */
export function conclude(call: Call, reply: Reply): unknown {
  call.from = reply.from;
  if (call.streams) return toResponse(reply);
  if (!isSuccessStatus(reply.status)) return fail(call, reply);
  if (reply.decodedFor === call) return ownValue(call, reply);
  const decoding = decodeReply(call, reply);
  return decoding === undefined ? ownValue(call, reply) : decoding.then(() => ownValue(call, reply));
}

/** Bytes that others have too must not be given away. */
function ownValue(call: Call, reply: Reply): unknown {
  const shared = reply.shared || call.flight !== undefined || call.leader !== undefined;
  return shared && reply.value instanceof Uint8Array && reply.value === reply.body
    ? reply.value.slice()
    : reply.value;
}

function toResponse(reply: Reply): Response {
  if (reply.openBody !== undefined) return reply.openBody.release();
  const { status, headers, url } = reply;
  const body = NULL_BODY.has(status) ? null : reply.body?.slice() ?? null;
  return Object.defineProperty(new Response(body, { status, headers }), "url", { value: url });
}

async function fail(call: Call, reply: Reply): Promise<never> {
  const { status, headers, retryAfterMs, failures, target } = reply;
  const about = {
    ...call.describe(target),
    context: failures === undefined ? undefined : { mirrors: failures },
  };
  const message = `${about.method} ${about.url} was answered with ${status} (${sourceText(call, reply)})`;
  if (isNotFoundStatus(status)) {
    reply.openBody?.discard();
    throw new DataNotFoundError(message, { ...about, status });
  }
  const body = await reply.openBody?.excerpt() ?? storedExcerpt(reply);
  throw new HttpError(message, { ...about, status, headers, body, retryAfterMs });
}

function sourceText({ attempts }: Call, { from }: Reply): string {
  if (from === "cache" || from === "stale") return "from the cache";
  return attempts === 1 ? "1 attempt" : `${attempts} attempts`;
}

/** The first characters of a stored body. */
function storedExcerpt({ body }: Reply): string | undefined {
  return typeof body === "string" || body === undefined
    ? body
    : new TextDecoder().decode(body.subarray(0, EXCERPT_BYTES));
}

/**
 * The end of the way: from the last reply to the value, or the error, that the caller gets.
 *
 * @module
 */

import { DataNotFoundError, HttpError } from "../errors.ts";
import { isNotFoundStatus, isSuccessStatus } from "../http/classify.ts";
import { decodedHeaders, NULL_BODY_STATUSES } from "../http/decoded_headers.ts";
import { responseLike } from "../http/tracked_response.ts";
import { isSameUrl } from "../http/url.ts";
import type { Call } from "../policies/call.ts";
import { decodeReply } from "../policies/decode.ts";
import type { Reply } from "../policies/reply.ts";
import { currentRuntime } from "../runtime/current.ts";

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
  if (call.streams) return toResponse(call, reply);
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

function toResponse(call: Call, reply: Reply): Response {
  if (reply.openBody !== undefined) return reply.openBody.release();
  const { status, url } = reply;
  const body = NULL_BODY_STATUSES.has(status) ? null : reply.body?.slice() ?? null;
  const { method, init } = call.request;
  const headers = decodedHeaders(reply, { method, init, decodes: currentRuntime.decodes });
  return responseLike({
    status,
    statusText: "",
    headers,
    url,
    redirected: isRedirected(call, url),
    type: "default",
  }, body);
}

/** Whether what is stored came from another URL than the one that was asked for, as far as that is known. */
function isRedirected(call: Call, url: string): boolean {
  const asked = call.target?.url ?? call.sentUrl;
  return asked !== "" && url !== "" && !isSameUrl(url, asked);
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

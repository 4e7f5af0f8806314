/**
 * The error of a reply without a success status.
 *
 * @module
 */

import { DataNotFoundError, HttpError } from "../errors.ts";
import { isNotFoundStatus } from "../http/classify.ts";
import { redactUrl } from "../http/url.ts";
import type { Call } from "./call.ts";
import type { ValueSource } from "./event.ts";
import type { Reply } from "./reply.ts";

/**
 * Creates the error of a reply. It names the URL that answered, and says what the other mirrors of the round did.
 *
 * @param call The call that ends with the error.
 * @param reply The reply.
 * @param body The first characters of its body, if they were read.
 * @returns A `DataNotFoundError` for 404 and 410, an `HttpError` otherwise.
 */
export function replyError(call: Call, reply: Reply, body?: string): HttpError | DataNotFoundError {
  const { status, retryAfterMs, failures } = reply;
  const isShared = call.flight !== undefined || call.leader !== undefined;
  const headers = isShared ? new Headers(reply.headers) : reply.headers;
  const described = describeReply(call, reply);
  const { notRetried } = call.journey;
  const about = {
    ...described,
    context: {
      ...described.context,
      ...failures !== undefined && { mirrors: failures.told },
      ...notRetried !== undefined && { notRetried },
    },
    cause: failures?.cause,
  };
  const message = `${about.method} ${about.url} was answered with ${status} (${
    sourceText(call, reply, described)
  })`;
  return isNotFoundStatus(status)
    ? new DataNotFoundError(message, { ...about, status, headers, body })
    : new HttpError(message, { ...about, status, headers, body, retryAfterMs });
}

/**
 * Returns the facts of a reply for an error. The URL is the one that was asked, or the one that answered if the reply was stored.
 * After redirects, `context.redirectedTo` is the one that answered.
 *
 * @param call The call that ends with the error.
 * @param reply The reply.
 * @returns The options of an error of this module.
 */
export function describeReply(
  call: Call,
  { from, target, url }: Reply,
): ReturnType<Call["describe"]> {
  const about = call.describe(target);
  if (url === "") return about;
  if (isStored(from)) return { ...about, url: redactUrl(url) };
  const redirectedTo = redactUrl(url);
  return isSameUrl(redirectedTo, about.url) ? about : { ...about, context: { redirectedTo } };
}

/** Whether two URLs are the same but for their fragments, their user info and their spelling. */
function isSameUrl(url: string, other: string): boolean {
  return !URL.canParse(url) || !URL.canParse(other) || plainUrl(url) === plainUrl(other);
}

function plainUrl(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search}`;
}

/**
 * Records the failure after which a call goes on. If the total deadline of the call or its batch passes later, its error gives
 * this failure as the cause. Does nothing for a call without a deadline.
 *
 * @param call The call.
 * @param reply The reply, if there was one.
 * @param error The error of the attempt, if there was no reply.
 */
export function noteFailure(call: Call, reply: Reply | undefined, error: unknown): void {
  const { allowance } = call.context;
  if (call.deadlineAtMs === Infinity && (allowance === undefined || allowance.endsAtMs === Infinity)) return;
  call.journey.failure = reply === undefined ? error : replyError(call, reply);
}

function sourceText(
  { journey }: Call,
  { from }: Reply,
  { attempts, context }: ReturnType<Call["describe"]>,
): string {
  if (isStored(from)) return "from the cache";
  const redirectedTo = context?.redirectedTo;
  const redirect = redirectedTo === undefined ? "" : `, redirected to ${redirectedTo}`;
  const count = (attempts === 1 ? "1 attempt" : `${attempts} attempts`) + redirect;
  return journey.notRetried === undefined ? count : `${count}; no further one, as ${journey.notRetried}`;
}

function isStored(from: ValueSource): boolean {
  return from === "cache" || from === "stale";
}

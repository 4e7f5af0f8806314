/**
 * What the errors of an attempt say.
 *
 * @module
 */

import { HttpError, InvalidDataError, isSlipstreamError, NetworkError, TimeoutError } from "../errors.ts";
import { redactError } from "../http/redact_error.ts";
import { messageOf } from "../primitives/message_of.ts";
import { codeOf } from "../runtime/error_code.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";

/** The error of an attempt that brought no response, or not all of it. */
export function networkError(call: Call, target: Target, error: unknown): NetworkError {
  const about = call.describe(target);
  const cause = redactError(error, target.url);
  return new NetworkError(`${about.method} ${about.url} failed: ${innermostMessage(cause)}`, {
    ...about,
    cause,
  });
}

/** The error of an attempt that took longer than `timeoutMs`; or, in fewer milliseconds, than the next mirror is waited with. */
export function attemptTimeout(call: Call, target: Target | undefined, afterMs?: number): TimeoutError {
  const about = call.describe(target);
  const timeoutMs = afterMs ?? call.settings.timeoutMs;
  const what = timeoutMs === call.settings.timeoutMs
    ? `took longer than 'timeoutMs': ${timeoutMs}`
    : `was not answered for ${timeoutMs} ms, and may be by another mirror`;
  return new TimeoutError(`${about.method} ${about.url} ${what}`, { ...about, kind: "attempt", timeoutMs });
}

/** The error of an attempt that was ended for the sake of others, as nothing came from its origin for so long, in milliseconds. */
export function givenWay(call: Call, target: Target | undefined, timeoutMs: number): TimeoutError {
  const about = call.describe(target);
  const what = `was not answered for ${timeoutMs} ms, while others had use for its permit`;
  const error = new TimeoutError(`${about.method} ${about.url} ${what}`, {
    ...about,
    kind: "attempt",
    timeoutMs,
  });
  givenWayErrors.add(error);
  return error;
}

/** The error of a body that its reader has waited for in vain, or has not begun to read. */
export function bodyTimeout(call: Call, target: Target, isRead: boolean): TimeoutError {
  const about = call.describe(target);
  const { timeoutMs, idleTimeoutMs = timeoutMs } = call.settings;
  const message = isRead
    ? `The body of ${about.method} ${about.url} brought nothing for 'idleTimeoutMs': ${idleTimeoutMs}`
    : `The body of ${about.method} ${about.url} was not read within 'timeoutMs': ${timeoutMs}`;
  return new TimeoutError(message, { ...about, kind: "idle", timeoutMs: isRead ? idleTimeoutMs : timeoutMs });
}

/** The error of a response that is larger than `maxBodyBytes`. */
export function tooLarge(call: Call, target: Target): InvalidDataError {
  const about = call.describe(target);
  const { maxBodyBytes } = call.settings;
  return new InvalidDataError(
    `The response to ${about.method} ${about.url} is larger than 'maxBodyBytes': ${maxBodyBytes}`,
    { ...about, reason: "too-large" },
  );
}

/** The error that a response with a status of failure would lead to, for the code that judges errors. */
export function statusError(call: Call, target: Target, { status, headers }: Response): HttpError {
  const about = call.describe(target);
  return new HttpError(`${about.method} ${about.url} was answered with ${status}`, {
    ...about,
    status,
    headers,
  });
}

/** A `fetch` has given something that is no response, or one that was read: a mistake in the program, which no retry would mend. */
export class ResponseError extends TypeError {
  /** Creates the error; by default of what is no response. */
  constructor(expected: string = "a Response") {
    super(`Cannot fetch as 'fetch' must give ${expected}`);
  }
}

/** The error of a response that cannot be read any more, as where each request is given the same one. */
export function alreadyRead(): ResponseError {
  return new ResponseError("a Response whose body is not read: a new one for each request, or its clone()");
}

/** The error which says that the program may not do this, or has closed its transport: no fault of the origin. */
export function denialOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "NotCapable" || error.name === "TransportClosedError") return error;
  // Node's own error says no more than that a fetch has failed.
  const { cause } = error;
  return cause instanceof Error && codeOf(cause) === "ERR_ACCESS_DENIED" ? cause : undefined;
}

/**
 * Whether `fetch` has thrown because the runtime takes no such request: a mistake in the arguments, which no retry would mend. What
 * is not checked before differs between runtimes (a malformed referrer, shared memory as a body), so that the runtime itself is
 * asked, and only after a failure.
 */
export function isRefused({ request: { method, body, init } }: Call, error: unknown): boolean {
  if (!(error instanceof TypeError) || (init === undefined && body === null)) return false;
  try {
    // A stream would be taken, and the URL has been checked.
    new Request("http://a.test", { ...init, method, body: body instanceof ReadableStream ? null : body });
    return false;
  } catch {
    // It says the same as the error.
    return true;
  }
}

/** Whether an error says that a server has shown a certificate that is not to be trusted, which no retry changes. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof Error && error.name === "CertificateError";
}

const finalErrors = new WeakSet<object>();
const exhaustionErrors = new WeakSet<object>();
const givenWayErrors = new WeakSet<object>();

/** Says that it would not help to try again, whatever the error is otherwise. */
export function markFinal(error: object): void {
  finalErrors.add(error);
}

/** Whether it was marked as final. */
export function isFinal(error: unknown): boolean {
  return typeof error === "object" && error !== null && finalErrors.has(error);
}

/** Says that nothing was sent, because this process had no descriptor left. */
export function markExhaustion(error: object): void {
  exhaustionErrors.add(error);
}

/** Whether it was marked as the exhaustion of this process. */
export function isExhaustion(error: unknown): boolean {
  return typeof error === "object" && error !== null && exhaustionErrors.has(error);
}

/** Whether it is that of an attempt that was ended for the sake of others. */
export function isGivenWay(error: unknown): boolean {
  return typeof error === "object" && error !== null && givenWayErrors.has(error);
}

/** The message of the error that others were caused by. */
export function innermostMessage(error: unknown): string {
  let current = error;
  // An error of ours says all by itself.
  while (current instanceof Error && current.cause instanceof Error && !isSlipstreamError(current)) {
    current = current.cause;
  }
  return messageOf(current);
}

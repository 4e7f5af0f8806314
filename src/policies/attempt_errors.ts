/**
 * The errors of an attempt.
 *
 * @module
 */

import {
  HttpError,
  InvalidDataError,
  isError,
  isSlipstreamError,
  messageOf,
  NetworkError,
  TimeoutError,
} from "../errors.ts";
import { redactError } from "../http/redact_error.ts";
import { codeOf } from "../runtime/error_code.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";

/** Creates the error of an attempt that brought no response, or not all of it. */
export function networkError(call: Call, target: Target, error: unknown): NetworkError {
  const about = call.describe(target);
  const cause = redactError(error, target.url);
  return new NetworkError(`${about.method} ${about.url} failed: ${innermostMessage(cause)}`, {
    ...about,
    cause,
  });
}

/**
 * Creates the error of an attempt that took longer than `timeoutMs`; or, with fewer milliseconds, of one that made room for the
 * next mirror.
 */
export function attemptTimeout(call: Call, target: Target | undefined, afterMs?: number): TimeoutError {
  const timeoutMs = afterMs ?? call.settings.timeoutMs;
  const what = timeoutMs === call.settings.timeoutMs
    ? `took longer than 'timeoutMs': ${timeoutMs}`
    : `was not answered for ${timeoutMs} ms, and may be by another mirror`;
  return toTimeout(call, target, { what, timeoutMs });
}

/** Creates the error of an attempt that gave way to others, because nothing had come from its origin for so many milliseconds. */
export function givenWay(call: Call, target: Target | undefined, timeoutMs: number): TimeoutError {
  const what = `was not answered for ${timeoutMs} ms, while other requests needed its permit`;
  const error = toTimeout(call, target, { what, timeoutMs });
  givenWayErrors.add(error);
  return error;
}

function toTimeout(
  call: Call,
  target: Target | undefined,
  { what, timeoutMs }: { readonly what: string; readonly timeoutMs: number },
): TimeoutError {
  const about = call.describe(target);
  return new TimeoutError(`${about.method} ${about.url} ${what}`, { ...about, kind: "attempt", timeoutMs });
}

/** Creates the error of a body that its reader has waited for in vain, or has not begun to read. */
export function bodyTimeout(call: Call, target: Target, isRead: boolean): TimeoutError {
  const about = call.describe(target);
  const { timeoutMs, idleTimeoutMs = timeoutMs } = call.settings;
  const message = isRead
    ? `The body of ${about.method} ${about.url} brought nothing for 'idleTimeoutMs': ${idleTimeoutMs}`
    : `The body of ${about.method} ${about.url} was not read within 'timeoutMs': ${timeoutMs}`;
  return new TimeoutError(message, { ...about, kind: "idle", timeoutMs: isRead ? idleTimeoutMs : timeoutMs });
}

/** Creates the error of a response that is larger than `maxBodyBytes`. */
export function tooLarge(call: Call, target: Target): InvalidDataError {
  const about = call.describe(target);
  const { maxBodyBytes } = call.settings;
  return new InvalidDataError(
    `The response to ${about.method} ${about.url} is larger than 'maxBodyBytes': ${maxBodyBytes}`,
    { ...about, reason: "too-large" },
  );
}

/**
 * Returns the error of a body that is larger than one string or buffer of the engine can be, which no retry would mend;
 * `undefined` for any other error.
 */
export function tooLongOf(call: Call, target: Target, error: unknown): InvalidDataError | undefined {
  if (!isEngineLimit(error)) return undefined;
  const about = call.describe(target);
  return new InvalidDataError(
    `The response to ${about.method} ${about.url} is larger than one value of this engine can be`,
    { ...about, reason: "too-large", cause: error },
  );
}

/** Whether an engine has refused to make a string or a buffer of some length. Only Node has a code for that. */
function isEngineLimit(error: unknown): boolean {
  if (!isError(error)) return false;
  if (codeOf(error) === "ERR_STRING_TOO_LONG") return true;
  return error.name === "RangeError" && /too long|out of memory|allocation failed/i.test(error.message);
}

/** Creates the error that a response with a failure status would lead to, for the caller's `isFailure`. */
export function statusError(call: Call, target: Target, { status, headers }: Response): HttpError {
  const about = call.describe(target);
  return new HttpError(`${about.method} ${about.url} was answered with ${status}`, {
    ...about,
    status,
    headers,
  });
}

/**
 * The error of a `fetch` that returns something other than a response, or a response whose body was read: a mistake in the
 * program, which no retry would mend.
 */
export class ResponseError extends TypeError {
  /** Creates the error; by default for a value that is not a response. */
  constructor(expected: string = "a Response") {
    super(`Cannot fetch as 'fetch' must give ${expected}`);
  }
}

/** Creates the error of a response that was read before, as when a `fetch` returns the same response for each request. */
export function alreadyRead(): ResponseError {
  return new ResponseError("a Response whose body is not read: a new one for each request, or its clone()");
}

/**
 * Returns the error which says that the program lacks a permission, or has closed its transport: neither is a fault of the
 * origin.
 */
export function denialOf(error: unknown): Error | undefined {
  if (!isError(error)) return undefined;
  if (error.name === "NotCapable" || error.name === "TransportClosedError") return error;
  // Node's own error only says that a fetch has failed; its cause says why.
  const { cause } = error;
  return isError(cause) && codeOf(cause) === "ERR_ACCESS_DENIED" ? cause : undefined;
}

/** The names of errors that no network failure has: a name that does not exist, and a test's own assertion in its `fetch`. */
const MISTAKES: ReadonlySet<string> = new Set(["ReferenceError", "AssertionError"]);

/** Returns the error which says that the caller's own `fetch` is wrong, which no retry would mend. */
export function mistakeOf(error: unknown): Error | undefined {
  if (error instanceof ResponseError) return error;
  if (!isError(error)) return undefined;
  if (MISTAKES.has(error.name)) return error;
  // Runtimes have only this text, and no class, for a method of theirs that is called without its object.
  if (error.name !== "TypeError" || !/\bIllegal invocation\b/.test(error.message)) return undefined;
  const advice = "give (input, init) => api.fetch(input, init) instead of api.fetch";
  return new TypeError(`Cannot fetch as 'fetch' needs its object: ${advice}`, { cause: error });
}

/**
 * Whether `fetch` has thrown because the runtime accepts no such request: a mistake in the arguments, which no retry would mend.
 * The checks of runtimes differ (a malformed referrer, shared memory as a body). So this asks the runtime itself, and only after
 * a failure.
 */
export function isRefused({ request: { method, body, init } }: Call, error: unknown): boolean {
  if (!isError(error) || error.name !== "TypeError" || (init === undefined && body === null)) return false;
  try {
    // The runtime would accept a stream, and this module has checked the URL.
    new Request("http://a.test", { ...init, method, body: body instanceof ReadableStream ? null : body });
    return false;
  } catch {
    // The new error says the same as the given one.
    return true;
  }
}

/** Whether an error says that a server's certificate is not trusted, which no retry changes. */
export function isUntrusted(error: unknown): boolean {
  return isError(error) && error.name === "CertificateError";
}

// A `WeakSet` has no values but objects, and may be asked for any.
const finalErrors = new WeakSet<object>();
const exhaustionErrors = new WeakSet<object>();
const givenWayErrors = new WeakSet<object>();

/** Marks an error as final: another try would not help. */
export function markFinal(error: object): void {
  finalErrors.add(error);
}

/** Whether an error is marked as final. */
export function isFinal(error: unknown): boolean {
  return finalErrors.has(error as object);
}

/** Marks an error: nothing was sent, because this process had no file descriptor left. */
export function markExhaustion(error: object): void {
  exhaustionErrors.add(error);
}

/** Whether an error is marked as the exhaustion of this process. */
export function isExhaustion(error: unknown): boolean {
  return exhaustionErrors.has(error as object);
}

/** Whether an error is that of an attempt which gave way to others. */
export function isGivenWay(error: unknown): boolean {
  return givenWayErrors.has(error as object);
}

/** Returns the message of the innermost cause of an error. */
export function innermostMessage(error: unknown): string {
  let current = error;
  // An error of this module needs no cause to explain it.
  while (isError(current) && isError(current.cause) && !isSlipstreamError(current)) {
    current = current.cause;
  }
  return messageOf(current);
}

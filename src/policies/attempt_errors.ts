/**
 * What the errors of an attempt say.
 *
 * @module
 */

import { HttpError, InvalidDataError, NetworkError, TimeoutError } from "../errors.ts";
import { redactError } from "../http/redact_error.ts";
import type { Call, Target } from "./call.ts";

/** The error of an attempt that brought no response, or not all of it. */
export function networkError(call: Call, target: Target, error: unknown): NetworkError {
  const about = call.describe(target);
  const cause = redactError(error, target.url);
  return new NetworkError(`${about.method} ${about.url} failed: ${innermostMessage(cause)}`, {
    ...about,
    cause,
  });
}

/** The error of an attempt that took longer than `timeoutMs`. */
export function attemptTimeout(call: Call, target: Target | undefined): TimeoutError {
  const about = call.describe(target);
  const { timeoutMs } = call.settings;
  return new TimeoutError(`${about.method} ${about.url} took longer than 'timeoutMs': ${timeoutMs}`, {
    ...about,
    kind: "attempt",
    timeoutMs,
  });
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

/** The error that a response with a status of failure would lead to, for whoever judges errors. */
export function statusError(call: Call, target: Target, { status, headers }: Response): HttpError {
  const about = call.describe(target);
  return new HttpError(`${about.method} ${about.url} was answered with ${status}`, {
    ...about,
    status,
    headers,
  });
}

/** Whether an error says that the program may not do this: its own fault, and nobody else's. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

function innermostMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}

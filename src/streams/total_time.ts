/**
 * How long a stream may take in all.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import type { StreamRequest } from "../policies/opener.ts";
import type { WaitLimit } from "./interruption.ts";

/** What there is to know of the request. */
type TimedRequest = Pick<StreamRequest, "settings" | "describe">;

/** The error that says that all of it took too long. */
export function totalTimeout(
  { settings: { totalTimeoutMs: timeoutMs }, describe }: TimedRequest,
): TimeoutError {
  const about = describe();
  const message = `${about.method} ${about.url} took longer than 'totalTimeoutMs': ${timeoutMs}`;
  return new TimeoutError(message, { ...about, kind: "total", timeoutMs });
}

/**
 * The limit of what is waited for besides the body, which has its own.
 *
 * @param request The request.
 * @param beganAtMs When it was sent first, on the client's clock.
 * @returns The limit; `undefined` if there is none.
 */
export function totalLimit(request: TimedRequest, beganAtMs: number): WaitLimit | undefined {
  const { totalTimeoutMs } = request.settings;
  if (totalTimeoutMs === Infinity) return undefined;
  return { untilMs: beganAtMs + totalTimeoutMs, error: () => totalTimeout(request) };
}

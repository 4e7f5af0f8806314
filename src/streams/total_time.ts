/**
 * The total time of a stream.
 *
 * @module
 */

import { isNetworkError, isTimeoutError, TimeoutError } from "../errors.ts";
import type { StreamRequest } from "../policies/opener.ts";
import type { WaitLimit } from "./interruption.ts";

/** The parts of a request that its total time needs. */
type TimedRequest = Pick<StreamRequest, "settings" | "describe" | "failure">;

/** Makes the error for a request that has exceeded `totalTimeoutMs`; its cause is the failure before. */
export function totalTimeout(request: TimedRequest): TimeoutError {
  const { settings: { totalTimeoutMs: timeoutMs }, failure: cause } = request;
  const about = request.describe();
  const message = `${about.method} ${about.url} took longer than 'totalTimeoutMs': ${timeoutMs}`;
  return new TimeoutError(message, { ...about, kind: "total", timeoutMs, cause });
}

/**
 * Returns the limit for waits beside the reading of the body, which has a limit of its own.
 *
 * @param request The request.
 * @param beganAtMs When the request was first sent, on the client's clock.
 * @returns The limit; `undefined` if there is none.
 */
export function totalLimit(request: TimedRequest, beganAtMs: number): WaitLimit | undefined {
  const { totalTimeoutMs } = request.settings;
  if (totalTimeoutMs === Infinity) return undefined;
  return { untilMs: beganAtMs + totalTimeoutMs, error: () => totalTimeout(request) };
}

/** Whether an error is one of the network that has left time for another connection: it is not that of `totalTimeoutMs`. */
export function leavesTime(error: unknown): boolean {
  return isNetworkError(error) && !(isTimeoutError(error) && error.kind === "total");
}

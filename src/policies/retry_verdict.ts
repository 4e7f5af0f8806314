/**
 * What the caller says of a failed round.
 *
 * @module
 */

import { isRetryableStatus } from "../http/classify.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";

/** What there is to say about a failed round. */
export interface RetryVerdict {
  /** Whether it is worth another one; `undefined` for as usual. */
  readonly isWorth: boolean | undefined;
  /** How long the caller wants to wait, in milliseconds; `undefined` for as usual. */
  readonly delayMs?: number | undefined;
}

const AS_USUAL: RetryVerdict = { isWorth: undefined };

/**
 * Asks a caller about a failed round.
 *
 * @param call The call.
 * @param reply What was answered.
 * @param error What the round failed of, if nothing was answered.
 * @returns The verdict.
 * @throws {TypeError} If the caller's function returns something else.
 * @throws {unknown} What the caller's function throws.
 */
export function askCaller(call: Call, reply: Reply | undefined, error: unknown): RetryVerdict {
  const { retryOn } = call.settings;
  if (typeof retryOn !== "function") {
    return reply === undefined ? AS_USUAL : { isWorth: isWorthRetry(call, reply.status) };
  }
  if (reply !== undefined && reply.status < 400) return AS_USUAL;
  const { url, method, attempts } = call.describe(reply?.target ?? call.target);
  const verdict: unknown = retryOn({
    url,
    method,
    attempts,
    status: reply?.status,
    headers: reply?.headers,
    error,
  });
  if (verdict === undefined) return AS_USUAL;
  if (typeof verdict === "boolean") return { isWorth: verdict };
  if (typeof verdict === "number" && verdict >= 0 && verdict < Infinity) {
    return { isWorth: true, delayMs: verdict };
  }
  // It answers too late, and what it rejects with would end the process.
  if (verdict instanceof Promise) verdict.catch(() => {});
  throw new TypeError(
    "Cannot fetch as 'retryOn' must return true, false, undefined or a number of milliseconds of at least 0: " +
      `received ${shown(verdict)}`,
  );
}

/** Whether a status is worth another try, as far as that can be said without asking the caller's function. */
export function isWorthRetry({ settings: { retryOn } }: Call, status: number): boolean {
  return Array.isArray(retryOn) ? retryOn.includes(status) : isRetryableStatus(status);
}

function shown(verdict: unknown): string {
  if (verdict === null || typeof verdict === "number") return String(verdict);
  return verdict instanceof Promise ? "a promise" : typeof verdict;
}

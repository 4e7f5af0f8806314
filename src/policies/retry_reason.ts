/**
 * Why a failed round may be repeated: what the caller says of it, or else what usually passes.
 *
 * @module
 */

import {
  isCircuitOpenError,
  isHttpError,
  isInvalidDataError,
  isNetworkError,
  isOverloadError,
} from "../errors.ts";
import { isRetryableStatus } from "../http/classify.ts";
import { isFinal } from "./attempt_errors.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";

/** What a round has brought: a reply, or an error. */
export interface Round {
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** Why a round may be repeated. */
export interface RetryReason {
  readonly text: string;
  /** How long the caller wants to wait before, in milliseconds. */
  readonly delayMs?: number | undefined;
}

/** What a caller says about a failed round. */
interface RetryVerdict {
  /** Whether it is worth another one; `undefined` for as usual. */
  readonly isWorth: boolean | undefined;
  /** How long the caller wants to wait, in milliseconds; `undefined` for as usual. */
  readonly delayMs?: number | undefined;
}

const AS_USUAL: RetryVerdict = { isWorth: undefined };

/** Why a round may be repeated; `undefined` for everything that would not get better, the reason of an abort included. */
export function reasonOf(call: Call, { reply, error }: Round): RetryReason | undefined {
  if (reply === undefined && !isAskedAbout(error)) return undefined;
  const { isWorth, delayMs } = askCaller(call, reply, error);
  const usual = usualReason(call, reply, error) ?? reply?.otherReason;
  if (!(isWorth ?? usual !== undefined)) return undefined;
  return { text: usual ?? (reply === undefined ? (error as Error).name : String(reply.status)), delayMs };
}

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
function askCaller(call: Call, reply: Reply | undefined, error: unknown): RetryVerdict {
  const { retryOn } = call.settings;
  if (typeof retryOn !== "function" || (reply !== undefined && reply.status < 400)) return AS_USUAL;
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

/** Whether a status is worth another try, or the caller's function may say so. */
export function mayBeWorthRetry(call: Call, status: number): boolean {
  return isWorthRetry(call, status) || (status >= 400 && typeof call.settings.retryOn === "function");
}

function shown(verdict: unknown): string {
  if (verdict === null || typeof verdict === "number") return String(verdict);
  return verdict instanceof Promise ? "a promise" : typeof verdict;
}

/** Whether a failure of one mirror may pass, as far as that can be said without asking the caller's function. */
export function mayPass(call: Call, reply: Reply | undefined, error: unknown): boolean {
  return usualReason(call, reply, error) !== undefined;
}

/** Whether it is for the caller to say that an error is worth another try. */
function isAskedAbout(error: unknown): boolean {
  if (isInvalidDataError(error)) return true;
  // What has refused it has said no for good; an HttpError here was never sent, its origin asks for too long a pause.
  return isNetworkError(error) && !isRefusal(error) && !isHttpError(error) && !isFinal(error);
}

/** Whether an error says that a request was not sent. */
export function isRefusal(error: unknown): boolean {
  return isCircuitOpenError(error) || isOverloadError(error);
}

/** Why a failure of one mirror may pass, as far as that can be said without asking the caller's function; `undefined` if it may not. */
export function usualReason(call: Call, reply: Reply | undefined, error: unknown): string | undefined {
  if (reply !== undefined) return isWorthRetry(call, reply.status) ? String(reply.status) : undefined;
  if (isInvalidDataError(error)) return error.reason === "truncated" ? "truncated" : undefined;
  return isAskedAbout(error) ? (error as Error).name : undefined;
}

/**
 * The reasons for which a failed round may be repeated: the caller's word, or else the failures that usually pass.
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

/** The result of a round: a reply, or an error. */
export interface Round {
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** A reason to repeat a round. */
export interface RetryReason {
  readonly text: string;
  /** How long the caller wants to wait before the retry, in milliseconds. */
  readonly delayMs?: number | undefined;
}

/** The caller's verdict on a failed round. */
interface RetryVerdict {
  /** Whether the round is worth another one; `undefined` for the usual decision. */
  readonly isWorth: boolean | undefined;
  /** How long the caller wants to wait, in milliseconds; `undefined` for the usual pause. */
  readonly delayMs?: number | undefined;
}

const AS_USUAL: RetryVerdict = { isWorth: undefined };

/** Returns why a round may be repeated; `undefined` for a failure that would not pass, and for the reason of an abort. */
export function reasonOf(call: Call, { reply, error }: Round): RetryReason | undefined {
  if (reply === undefined && !isAskedAbout(error)) return undefined;
  const { isWorth, delayMs } = askCaller(call, reply, error);
  const usual = usualReason(call, reply, error) ?? reply?.otherReason;
  if (!(isWorth ?? usual !== undefined)) return undefined;
  return { text: usual ?? (reply === undefined ? (error as Error).name : String(reply.status)), delayMs };
}

/**
 * Asks the caller's `retryOn` about a failed round.
 *
 * @param call The call.
 * @param reply The reply, if there was one.
 * @param error The error, if there was no reply.
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
  // The promise settles too late for a decision, and its rejection would end the process.
  if (verdict instanceof Promise) verdict.catch(() => {});
  throw new TypeError(
    "Cannot fetch as 'retryOn' must return true, false, undefined or a number of milliseconds of at least 0: " +
      `received ${shown(verdict)}`,
  );
}

/** Whether a status is worth another try, without asking the caller's function. */
export function isWorthRetry({ settings: { retryOn } }: Call, status: number): boolean {
  return Array.isArray(retryOn) ? retryOn.includes(status) : isRetryableStatus(status);
}

/** Whether a status is worth another try, or the caller's function may say that it is. */
export function mayBeWorthRetry(call: Call, status: number): boolean {
  return isWorthRetry(call, status) || (status >= 400 && typeof call.settings.retryOn === "function");
}

function shown(verdict: unknown): string {
  if (verdict === null || typeof verdict === "number") return String(verdict);
  return verdict instanceof Promise ? "a promise" : typeof verdict;
}

/** Whether a failure of one mirror may pass, without asking the caller's function. */
export function mayPass(call: Call, reply: Reply | undefined, error: unknown): boolean {
  return usualReason(call, reply, error) !== undefined;
}

/** Whether the caller may decide that an error is worth another try. */
function isAskedAbout(error: unknown): boolean {
  if (isInvalidDataError(error)) return true;
  // A refusal is final. An `HttpError` here says that the request was not sent because its origin asks for too long a pause.
  return isNetworkError(error) && !isRefusal(error) && !isHttpError(error) && !isFinal(error);
}

/** Whether an error says that a request was not sent. */
export function isRefusal(error: unknown): boolean {
  return isCircuitOpenError(error) || isOverloadError(error);
}

/** Returns why a failure of one mirror may pass, without asking the caller's function; `undefined` if it may not. */
export function usualReason(call: Call, reply: Reply | undefined, error: unknown): string | undefined {
  if (reply !== undefined) return isWorthRetry(call, reply.status) ? String(reply.status) : undefined;
  if (isInvalidDataError(error)) return error.reason === "truncated" ? "truncated" : undefined;
  return isAskedAbout(error) ? (error as Error).name : undefined;
}

/**
 * The endings of attempts at mirrors that failed in a round, and the result of that round.
 *
 * @module
 */

import { isSlipstreamError } from "../errors.ts";
import { redactUrl } from "../http/url.ts";
import type { Call } from "./call.ts";
import type { Ending } from "./hedging.ts";
import type { Mirror } from "./mirror.ts";
import type { MirrorFailure, Reply, RoundFailures } from "./reply.ts";
import { replyError } from "./reply_error.ts";
import { mayPass, usualReason } from "./retry_reason.ts";

/** The ending of an attempt at a mirror. */
export interface MirrorEnding extends Ending {
  readonly mirror: Mirror;
}

/** Discards the bodies of all endings but one, or of all. */
export function discardAllBut(kept: Ending | undefined, all: readonly Ending[]): void {
  for (const other of all) if (other !== kept) other.reply?.openBody?.discard();
}

/** Returns the one of two failures that says more about whether a retry helps, and discards the body of the other. */
export function keep<T extends Ending>(call: Call, kept: T | undefined, latest: T): T {
  if (kept === undefined) return latest;
  const winner = betterOf(call, kept, latest);
  const loser = winner === kept ? latest : kept;
  loser.reply?.openBody?.discard();
  return winner;
}

function betterOf<T extends Ending>(call: Call, kept: T, latest: T): T {
  // Only the latest response still has a body that the caller can read.
  if (call.readsFailures && latest.reply !== undefined) return latest;
  const keptMayPass = mayPass(call, kept.reply, kept.error);
  if (keptMayPass !== mayPass(call, latest.reply, latest.error)) return keptMayPass ? kept : latest;
  // The round may be repeated as soon as one of the mirrors accepts requests again.
  return (kept.reply?.retryAfterMs ?? 0) < (latest.reply?.retryAfterMs ?? 0) ? kept : latest;
}

/** Returns or throws the result of a round in which no mirror helped; it also says what the other mirrors did. */
export function endRound(call: Call, worst: MirrorEnding, failures: readonly MirrorEnding[]): Reply {
  const { reply, error } = worst;
  if (reply === undefined) {
    tellRound(call, worst, failures);
    throw error;
  }
  reply.failures = failures.length < 2 ? undefined : roundFailures(call, worst, failures);
  reply.otherReason = failures.map(({ reply, error }) => usualReason(call, reply, error)).find(Boolean);
  return reply;
}

/**
 * Makes the error of a round say what the other mirrors did.
 *
 * @param call The call.
 * @param last The failure whose error the caller gets.
 * @param failures All failures of the round, in the order of the attempts.
 */
export function tellRound(call: Call, last: MirrorEnding, failures: readonly MirrorEnding[]): void {
  const { error } = last;
  if (failures.length < 2 || !isSlipstreamError(error)) return;
  const { told, cause } = roundFailures(call, last, failures);
  const context = { ...error.context, mirrors: told };
  noteAttempts(call, error);
  Object.defineProperty(error, "context", { value: context, enumerable: true });
  Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
}

/** Corrects the number of attempts in an error that was created before the last attempts were made. */
export function noteAttempts(call: Call, error: unknown): void {
  if (!isSlipstreamError(error)) return;
  Object.defineProperty(error, "attempts", { value: call.describe().attempts, enumerable: true });
}

/**
 * Collects what the mirrors of a round did, and their errors.
 *
 * @param call The call.
 * @param last The failure that the caller gets, which contributes only its cause.
 * @param failures All failures of the round, in the order of the attempts.
 */
export function roundFailures(
  call: Call,
  last: MirrorEnding,
  failures: readonly MirrorEnding[],
): RoundFailures {
  const errors = failures.flatMap((failure) => {
    if (failure !== last) return [errorOf(call, failure)];
    const { cause } = (failure.error ?? {}) as { readonly cause?: unknown };
    return cause === undefined ? [] : [cause];
  });
  const cause = new AggregateError(errors, `${failures.length} mirrors failed`);
  return { told: failures.map(tell), cause };
}

function errorOf(call: Call, { reply, error }: MirrorEnding): unknown {
  return reply === undefined ? error : replyError(call, reply);
}

function tell({ target, reply, error }: MirrorEnding): MirrorFailure {
  return {
    url: redactUrl(target.url),
    failure: reply === undefined ? (error as Error).message : `status ${reply.status}`,
  };
}

/**
 * What mirrors leave behind in a round that did not do, and what becomes of it.
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

/** What a mirror that did not do left behind. */
export interface MirrorEnding extends Ending {
  readonly mirror: Mirror;
}

/** Gets rid of the bodies of all but one, or of all. */
export function discardAllBut(kept: Ending | undefined, all: readonly Ending[]): void {
  for (const other of all) if (other !== kept) other.reply?.openBody?.discard();
}

/** Of two failures of a round, the one that says more about whether a retry helps; the other's body is got rid of. */
export function keep<T extends Ending>(call: Call, kept: T | undefined, latest: T): T {
  if (kept === undefined) return latest;
  const winner = betterOf(call, kept, latest);
  const loser = winner === kept ? latest : kept;
  loser.reply?.openBody?.discard();
  return winner;
}

function betterOf<T extends Ending>(call: Call, kept: T, latest: T): T {
  // Only the latest response still has a body for its caller to read.
  if (call.readsFailures && latest.reply !== undefined) return latest;
  const keptMayPass = mayPass(call, kept.reply, kept.error);
  if (keptMayPass !== mayPass(call, latest.reply, latest.error)) return keptMayPass ? kept : latest;
  // The round may be repeated as soon as one of them takes it.
  return (kept.reply?.retryAfterMs ?? 0) < (latest.reply?.retryAfterMs ?? 0) ? kept : latest;
}

/** The result of a round in which no mirror was of any help; it says what the others did. */
export function endRound(call: Call, worst: MirrorEnding, failures: readonly MirrorEnding[]): Reply {
  const { reply, error } = worst;
  const others = failures.length < 2 ? undefined : roundFailures(call, worst, failures);
  if (reply !== undefined) {
    reply.failures = others;
    reply.otherReason = failures.map(({ reply, error }) => usualReason(call, reply, error)).find(Boolean);
    return reply;
  }
  if (others !== undefined && isSlipstreamError(error)) {
    const context = { ...error.context, mirrors: others.told };
    noteAttempts(call, error);
    Object.defineProperty(error, "context", { value: context, enumerable: true });
    Object.defineProperty(error, "cause", { value: others.cause, configurable: true, writable: true });
  }
  throw error;
}

/** An error that was made when its own attempt had failed tells of those that were made since then, too. */
export function noteAttempts(call: Call, error: unknown): void {
  if (!isSlipstreamError(error)) return;
  Object.defineProperty(error, "attempts", { value: call.attempts, enumerable: true });
}

/** What the mirrors did, and the errors of all of them: of the one whose error the caller gets, what was behind that. */
function roundFailures(call: Call, worst: MirrorEnding, failures: readonly MirrorEnding[]): RoundFailures {
  const errors = failures.flatMap((failure) => {
    if (failure !== worst) return [errorOf(call, failure)];
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

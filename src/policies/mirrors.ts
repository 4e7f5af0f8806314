/**
 * Station 5, the mirrors: within a round, each healthy base URL in turn.
 *
 * @module
 */

import { CircuitOpenError, isCircuitOpenError, isSlipstreamError } from "../errors.ts";
import { isNotFoundStatus, isRetryableStatus } from "../http/classify.ts";
import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import { joinUrl } from "../http/url.ts";
import type { Call, Target } from "./call.ts";
import { waitForAnyBreaker } from "./breaker_wait.ts";
import type { Origin } from "./origin.ts";
import type { Environment, Policy, Station } from "./policy.ts";
import type { Reply } from "./reply.ts";
import { mayPass } from "./retry.ts";

/** One base URL. */
export interface Mirror {
  readonly origin: Origin;
  /** The base URL, without query and fragment. */
  readonly base: string;
  /** The client's headers under the mirror's. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin, those of the mirror's own included. */
  readonly sensitive: ReadonlySet<string>;
}

/** What the station knows of where requests go. */
export interface MirrorsOptions {
  /** Preferred first. */
  readonly mirrors: readonly Mirror[];
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** What to do while every breaker refuses: fail, or wait until one may admit a probe. */
  readonly onOpen: "fail" | "wait";
}

/**
 * Sends a call to its origin, or, when its URL is relative, to each mirror in turn until one brings usable content. A
 * mirror in trouble is asked last; it comes back by itself when its breaker admits a probe or its pause ends.
 *
 * @param environment What the stations share.
 * @param options The mirrors.
 * @returns The policy. A reply of a failed round is the one that is most worth a retry.
 */
export function mirrors(environment: Environment, options: MirrorsOptions): Policy {
  return (next) => {
    const round = (call: Call) =>
      call.origin === undefined
        ? tryMirrors(environment, options, next, call)
        : trySingle(options, next, call);
    return options.onOpen === "fail" ? round : (call) => waitingRound(environment, options, round, call);
  };
}

function trySingle(options: MirrorsOptions, next: Station, call: Call): Promise<Reply> {
  const { headers, request: { url } } = call;
  const { sensitive } = options;
  call.target = { origin: call.origin!, url, headers: mergeHeaders(options.headers, headers), sensitive };
  return next(call);
}

/** What a mirror that did not do left behind. */
interface MirrorFailure {
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

async function tryMirrors(
  environment: Environment,
  options: MirrorsOptions,
  next: Station,
  call: Call,
): Promise<Reply> {
  const candidates = inOrderOfHealth(options.mirrors, environment.clock.now());
  let worst: MirrorFailure | undefined;
  for (const [index, mirror] of candidates.entries()) {
    call.target = targetOf(mirror, call);
    const outcome = await ask(next, call);
    const isLast = index === candidates.length - 1;
    if (outcome.usable) {
      worst?.reply?.openBody?.discard();
      return outcome.reply!;
    }
    if (call.cancelled) outcome.reply?.openBody?.discard();
    call.throwIfCancelled();
    worst = keep(call, worst, outcome);
    if (isLast || !mayAskAnother(call, outcome)) break;
    // Its permit may be the one that the next mirror waits for.
    outcome.reply?.openBody?.discard();
    reportMirror(environment, call, mirror, candidates[index + 1]!, outcome);
  }
  if (worst!.reply !== undefined) return worst!.reply;
  throw worst!.error;
}

/** The mirrors that would be asked now, as preferred; then those in trouble. */
function inOrderOfHealth(mirrors: readonly Mirror[], nowMs: number): readonly Mirror[] {
  const healthy = mirrors.filter((mirror) => mirror.origin.isHealthy(nowMs));
  if (healthy.length === mirrors.length) return mirrors;
  return [...healthy, ...mirrors.filter((mirror) => !healthy.includes(mirror))];
}

function targetOf(mirror: Mirror, call: Call): Target {
  return {
    origin: mirror.origin,
    url: joinUrl(mirror.base, call.request.url),
    headers: mergeHeaders(mirror.headers, call.headers),
    sensitive: mirror.sensitive,
  };
}

async function ask(next: Station, call: Call): Promise<MirrorFailure & { readonly usable: boolean }> {
  try {
    const reply = await next(call);
    const failed = isRetryableStatus(reply.status) ||
      (isNotFoundStatus(reply.status) && !call.settings.notFoundIsFinal);
    return { usable: !failed, reply };
  } catch (error) {
    // What is no failure of the mirror is nothing that another mirror would do better.
    if (!isSlipstreamError(error)) throw error;
    return { usable: false, error };
  }
}

/** Of two failures of a round, the one that says more about whether a retry helps; the other's body is got rid of. */
function keep(call: Call, kept: MirrorFailure | undefined, latest: MirrorFailure): MirrorFailure {
  if (kept === undefined) return latest;
  const winner = betterOf(call, kept, latest);
  const loser = winner === kept ? latest : kept;
  loser.reply?.openBody?.discard();
  return winner;
}

function betterOf(call: Call, kept: MirrorFailure, latest: MirrorFailure): MirrorFailure {
  // Only the latest response still has a body for its caller to read.
  if (call.streams && latest.reply !== undefined) return latest;
  const keptIsRefusal = isCircuitOpenError(kept.error);
  if (keptIsRefusal !== isCircuitOpenError(latest.error)) return keptIsRefusal ? latest : kept;
  const keptMayPass = mayPass(kept.reply, kept.error);
  if (keptMayPass !== mayPass(latest.reply, latest.error)) return keptMayPass ? kept : latest;
  // The round may be repeated as soon as one of them takes it.
  return waitOf(kept) < waitOf(latest) ? kept : latest;
}

function waitOf({ reply, error }: MirrorFailure): number {
  return isCircuitOpenError(error) ? error.retryAfterMs : reply?.retryAfterMs ?? 0;
}

/** A request that must not be sent twice goes on to another mirror only if it was not sent at all. */
function mayAskAnother(call: Call, { error }: MirrorFailure): boolean {
  return call.request.repeatable || isCircuitOpenError(error);
}

function reportMirror(
  environment: Environment,
  call: Call,
  from: Mirror,
  to: Mirror,
  failure: MirrorFailure,
): void {
  const { reporter, clock } = environment;
  if (!reporter.active) return;
  reporter.emit({
    type: "mirror",
    requestId: call.id,
    atMs: clock.now(),
    from: from.origin.key,
    to: to.origin.key,
    reason: failure.reply !== undefined ? String(failure.reply.status) : (failure.error as Error).name,
  });
}

/** Repeats a round that every breaker refused, as soon as one of them may let a call pass. */
async function waitingRound(
  environment: Environment,
  options: MirrorsOptions,
  round: Station,
  call: Call,
): Promise<Reply> {
  for (;;) {
    try {
      return await round(call);
    } catch (error) {
      if (!(error instanceof CircuitOpenError)) throw error;
      const origins = call.origin === undefined
        ? options.mirrors.map((mirror) => mirror.origin)
        : [call.origin];
      await waitForAnyBreaker(environment, call, origins, error);
    }
  }
}

/**
 * The mirrors: within a round, each base URL whose lane would admit the request, in turn.
 *
 * @module
 */

import { isSlipstreamError } from "../errors.ts";
import { isNotFoundStatus, isServerTrouble } from "../http/classify.ts";
import { type HeaderMap, mergeHeaders, NO_HEADERS, sentHeaders } from "../http/headers.ts";
import type { Admission } from "../lanes/admission.ts";
import { LOOK_AGAIN } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";
import { admit } from "./admit.ts";
import { attempt, hearsOrigin, resumeAttempt } from "./attempt.ts";
import type { Call } from "./call.ts";
import { withDefaults } from "./default_headers.ts";
import type { Target } from "./journey.ts";
import { type Hedging, hedgingOf, type RaceStart } from "./hedging.ts";
import { isOn, type Mirror, urlAt } from "./mirror.ts";
import { discardAllBut, endRound, keep, type MirrorEnding, noteAttempts } from "./mirror_endings.ts";
import type { Environment, Handler } from "./policy.ts";
import { Reply } from "./reply.ts";
import { noteFailure } from "./reply_error.ts";
import { isWorthRetry, mayPass } from "./retry_reason.ts";

/** Where requests may go. */
export interface MirrorsOptions {
  /** Preferred first. */
  readonly mirrors: readonly Mirror[];
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** Whether those headers are for the mirrors alone. */
  readonly isForMirrors: boolean;
}

/**
 * Sends a call to its origin, or, when its URL is relative, to each mirror in turn until one brings usable content. A call waits
 * for all mirrors at once, and goes to the first that admits it, the preferred one if several do; after a failure the others
 * are asked that would admit it now. One that has said that it does not have it is not asked again in later rounds if it could use
 * up what others of its origin need. A mirror in trouble comes back by itself when its breaker admits a probe or its
 * pause ends.
 *
 * @param environment What the policies share.
 * @param options Where requests may go.
 * @returns The handler of a round. The reply of a round that failed is the one that is most worth a retry.
 */
export function mirrors(environment: Environment, options: MirrorsOptions): Handler {
  return (call) =>
    call.request.absolute ? askOrigin(environment, options, call) : askMirrors(environment, options, call);
}

async function askOrigin(environment: Environment, options: MirrorsOptions, call: Call): Promise<Reply> {
  const lane = call.lane!;
  const { sensitive, mirrors, isForMirrors } = options;
  const isElsewhere = isForMirrors && !mirrors.some((mirror) => mirror.lane === lane);
  const common = isElsewhere ? NO_HEADERS : options.headers;
  const sent = sentHeaders(common, call.headers, call.request.withheld);
  const headers = withDefaults(sent, call);
  const target = { lane, url: call.url, headers, sensitive };
  call.journey.target = target;
  const admission = await admit(environment, call, lane.alone);
  const hedging = hedgingOf(environment, call, admission);
  if (hedging === undefined) return await send(environment, call, target, admission);
  const endings = await hedging.race(environment, call, startOf(call, target, admission), {
    rivals: () => [target],
    isDecisive: (_, status) => !isServerTrouble(status) && !isWorthRetry(call, status),
  });
  const { reply, error } = endings.reduce((kept, latest) => keep(call, kept, latest));
  if (reply !== undefined) return reply;
  if (endings.length > 1) noteAttempts(call, error);
  throw error;
}

/** What the first attempt of a race begins with. */
function startOf(call: Call, target: Target, admission: Admission | undefined): RaceStart {
  if (admission !== undefined) return { target, admission };
  const { opening } = call.journey;
  call.journey.opening = undefined;
  return { target, opening };
}

/** The first attempt may have been made before the call came here. */
function send(
  environment: Environment,
  call: Call,
  target: Target,
  admission: Admission | undefined,
  mayMoveOn?: (waitedMs: number) => boolean,
): Promise<Reply> {
  if (admission !== undefined) return attempt(environment, call, target, admission, mayMoveOn);
  const opening = call.journey.opening!;
  call.journey.opening = undefined;
  return resumeAttempt(environment, call, target, opening);
}

/** What those mirrors have left that have said in an earlier round that they do not have it, and are in the way of others. */
function passedOver({ mirrors }: MirrorsOptions, call: Call): readonly MirrorEnding[] {
  const all = mirrors.filter(isOn);
  return missesOf(call).filter(({ mirror }) => isInTheWay(mirror, all, call));
}

/** The mirrors that a call may ask: at first all others, and after a failure those that would admit it now. */
function candidatesOf(
  { mirrors }: MirrorsOptions,
  call: Call,
  failures: readonly MirrorEnding[],
  nowMs: number | undefined,
): readonly Mirror[] {
  const others = mirrors.filter((other) => isOn(other) && !failures.some(({ mirror }) => mirror === other));
  return inOrder(nowMs === undefined ? others : others.filter(({ lane }) => lane.isHealthy(nowMs)), call);
}

/** Those that have broken off a body come last. */
function inOrder(mirrors: readonly Mirror[], { context: { avoided } }: Call): readonly Mirror[] {
  if (avoided === undefined) return mirrors;
  return mirrors.toSorted((a, b) => avoided.indexOf(a) - avoided.indexOf(b));
}

/** What mirrors have answered that do not have what a call asks for; most calls have none. */
const misses = new WeakMap<Call, readonly MirrorEnding[]>();

async function askMirrors(environment: Environment, options: MirrorsOptions, call: Call): Promise<Reply> {
  let failures: readonly MirrorEnding[] = [];
  let worst: MirrorEnding | undefined;
  for (;;) {
    // Mirrors may change while the call is in line.
    if (worst === undefined) failures = passedOver(options, call);
    const candidates = candidatesOf(options, call, failures, worst && environment.clock.now());
    if (candidates.length === 0) break;
    const lanes = [...new Set(candidates.map(({ lane }) => lane))];
    let admission: Admission | undefined;
    try {
      admission = await admit(environment, call, lanes, candidates[0]!.inLine);
    } catch (error) {
      if (error === LOOK_AGAIN) continue;
      // That the next one was not asked says less than what the one before it did.
      if (worst === undefined || call.cancelled) throw error;
      break;
    }
    const lane = admission?.lane ?? call.journey.opening?.admission?.lane ?? lanes[0]!;
    const isHere = (candidate: Mirror) => candidate.lane === lane;
    const mirror = candidates.find((candidate) => isHere(candidate) && isOn(candidate));
    if (mirror === undefined) {
      // It was switched off in the very moment in which it admitted the call.
      admission?.withdraw();
      continue;
    }
    // Those that were passed over have not been asked in this round.
    if (worst !== undefined) reportMirror(environment, call, failures.at(-1)!, mirror);
    const target = call.journey.target = targetOf(mirror, call, admission);
    const failed = await ask(environment, call, { mirror, target, admission, candidates });
    if (failed instanceof Reply) {
      worst?.reply?.openBody?.discard();
      return failed;
    }
    if (call.cancelled) discardAllBut(undefined, failed);
    call.throwIfCancelled();
    failures = [...failures, ...failed];
    for (const failure of failed) {
      noteFailure(call, failure.reply, failure.error);
      worst = keep(call, worst, failure);
      if (isMiss(call, failure)) noteMiss(call, failure);
      else call.journey.hasSeenFailure = true;
    }
    // One that must not be sent twice has been sent.
    if (!call.request.repeatable) break;
    if (candidatesOf(options, call, failures, environment.clock.now()).length === 0) break;
    // Its permit may be the one that the next mirror waits for.
    discardAllBut(undefined, failed);
    call.isInFlight = false;
  }
  return endRound(call, worst!, failures);
}

function targetOf(mirror: Mirror, call: Call, admission: Admission | undefined): Target {
  let url: string;
  try {
    // One that has been sent has gone where the mirror said then.
    url = call.journey.opening === undefined ? urlAt(mirror, call.url) : call.sentUrl;
  } catch (error) {
    // The caller's own code threw, and must not keep the permit.
    admission?.withdraw();
    throw error;
  }
  return {
    lane: mirror.lane,
    mirror,
    url,
    headers: withDefaults(mergeHeaders(mirror.headers, call.headers), call),
    sensitive: mirror.sensitive,
  };
}

/** Which lanes are asked, and which could be. */
interface Asking {
  readonly mirror: Mirror;
  readonly target: Target;
  readonly admission: Admission | undefined;
  /** The mirrors that have not been asked in this round, this one included. */
  readonly candidates: readonly Mirror[];
}

/** Asks a mirror, and maybe another one beside it: a reply that is of use, or what they left behind. */
async function ask(
  environment: Environment,
  call: Call,
  asking: Asking,
): Promise<Reply | readonly MirrorEnding[]> {
  const { mirror, target, admission } = asking;
  const hedging = hedgingOf(environment, call, admission);
  if (hedging !== undefined) return await askTwo(environment, call, asking, hedging);
  try {
    const reply = await send(environment, call, target, admission, moveOnOf(environment, call, asking));
    return hasFailed(call, mirror, reply.status) ? [{ mirror, target, reply }] : reply;
  } catch (error) {
    // What is no failure of the mirror is nothing that another mirror would do better.
    if (!isSlipstreamError(error)) throw error;
    return [{ mirror, target, error }];
  }
}

/**
 * Whether a request goes on to a mirror that is less preferred when this one has not answered for a while: if nothing comes from here any
 * more, or it goes ahead to find out whether the mirror is back. After the first round it has its whole time, unless the other one answers.
 */
function moveOnOf(
  environment: Environment,
  call: Call,
  { mirror, candidates, admission }: Asking,
): ((waitedMs: number) => boolean) | undefined {
  const { lane } = mirror;
  const isProbe = admission?.isProbe === true;
  if (!call.request.repeatable || !hearsOrigin(environment)) return undefined;
  const others = candidates.slice(candidates.indexOf(mirror) + 1).filter((other) => other.lane !== lane);
  if (others.length === 0) return undefined;
  const isFirst = call.journey.round === 1;
  // One that has answered may be slow: it is left for one that is not known to fail.
  const isWell = ({ failed, succeededAtMs, failedAtMs }: Lane): boolean =>
    failed === 0 || succeededAtMs > failedAtMs;
  const mayDo = (other: Mirror): boolean =>
    isOn(other) && (isFirst || other.lane.hasAnswered) &&
    (isProbe || !lane.hasAnswered || isWell(other.lane)) &&
    other.lane.isHealthy(environment.clock.now());
  const isSilent = (waitedMs: number): boolean =>
    waitedMs >= lane.silentAfterMs && lane.hasGoneSilent(environment.clock.now());
  return (waitedMs) => (isProbe || isSilent(waitedMs)) && others.some(mayDo);
}

async function askTwo(
  environment: Environment,
  call: Call,
  { mirror, target, admission, candidates }: Asking,
  hedging: Hedging<Environment>,
): Promise<Reply | readonly MirrorEnding[]> {
  const asked = new Map([[target, mirror]]);
  const endings = await hedging.race(environment, call, startOf(call, target, admission), {
    rivals(toNextMirror) {
      const here = isOn(mirror) ? [target] : [];
      if (!toNextMirror) return here;
      const nowMs = environment.clock.now();
      const rivals: Target[] = [];
      for (const other of candidates) {
        const isRival = other !== mirror && isOn(other) && other.lane.isHealthy(nowMs);
        const rival = isRival ? tryTarget(other, call) : undefined;
        if (rival === undefined) continue;
        rivals.push(rival);
        asked.set(rival, other);
      }
      return rivals.length === 0 ? here : rivals;
    },
    isDecisive: (where, status) => !hasFailed(call, asked.get(where)!, status) && !isWorthRetry(call, status),
  });
  const all = endings.map((ending): MirrorEnding => ({ mirror: asked.get(ending.target)!, ...ending }));
  // Of several, the body of the last one is whole.
  const kept = all.findLast(({ mirror, reply, error }) =>
    reply === undefined ? !isSlipstreamError(error) : !hasFailed(call, mirror, reply.status)
  );
  if (kept === undefined) return all;
  discardAllBut(kept, all);
  if (kept.reply === undefined) throw kept.error;
  return kept.reply;
}

/** A mirror whose layout is unknown is not asked beside another one; the caller's own code threw, and does so again if it is asked alone. */
function tryTarget(mirror: Mirror, call: Call): Target | undefined {
  try {
    return targetOf(mirror, call, undefined);
  } catch {
    return undefined;
  }
}

/** Whether a status says that another mirror may do better. */
function hasFailed({ settings: { notFoundIsFinal } }: Call, { moveOn }: Mirror, status: number): boolean {
  return isServerTrouble(status) || moveOn?.has(status) === true ||
    (isNotFoundStatus(status) && !notFoundIsFinal);
}

/** Whether asking a mirror again that does not have it could use up what another one of the same origin needs, that may have it. */
function isInTheWay({ lane }: Mirror, all: readonly Mirror[], call: Call): boolean {
  return all.some((other) => other.lane === lane && !missesOf(call).some(({ mirror }) => mirror === other));
}

/** Whether a mirror does not have it for good, or has something else, as far as the caller leaves that to be seen here. */
function isMiss(call: Call, { reply, error }: MirrorEnding): boolean {
  return typeof call.settings.retryOn !== "function" && !mayPass(call, reply, error);
}

function missesOf(call: Call): readonly MirrorEnding[] {
  return misses.get(call) ?? [];
}

function noteMiss(call: Call, miss: MirrorEnding): void {
  misses.set(call, [...missesOf(call).filter(({ mirror }) => mirror !== miss.mirror), miss]);
}

function reportMirror({ reporter, clock }: Environment, call: Call, failed: MirrorEnding, to: Mirror): void {
  // A listener that was told of the permit may have aborted it.
  if (!reporter.active || call.cancelled) return;
  reporter.emit({
    type: "mirror",
    requestId: call.id,
    atMs: clock.now(),
    from: failed.mirror.lane.key,
    to: to.lane.key,
    reason: failed.reply !== undefined ? String(failed.reply.status) : (failed.error as Error).name,
  });
}

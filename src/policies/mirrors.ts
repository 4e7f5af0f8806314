/**
 * The mirrors policy: within a round, asks each base URL whose lane would admit the request, in turn.
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
import {
  discardAllBut,
  endRound,
  keep,
  type MirrorEnding,
  noteAttempts,
  roundFailures,
} from "./mirror_endings.ts";
import type { Environment, Handler } from "./policy.ts";
import { Reply } from "./reply.ts";
import { noteFailure } from "./reply_error.ts";
import { isWorthRetry, mayPass } from "./retry_reason.ts";

/** The mirrors and the headers of a client. */
export interface MirrorsOptions {
  /** The mirrors, the preferred one first. */
  readonly mirrors: readonly Mirror[];
  /** The headers of every request. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** Whether `headers` go only to the origins of the mirrors. */
  readonly isForMirrors: boolean;
}

/**
 * Sends a call to its origin, or, when its URL is relative, to each mirror in turn until one brings usable content. A call waits
 * for all mirrors at once, and goes to the first that admits it, or to the preferred one of several. After a failure it asks
 * those of the other mirrors that would admit it now. Later rounds pass over a mirror that does not have the resource, if it
 * would use up permits or tokens that another mirror of the same origin needs. A mirror in trouble returns by itself when its
 * breaker admits a probe or its pause ends.
 *
 * @param environment The objects that the policies share.
 * @param options The mirrors and the headers.
 * @returns The handler of a round. The reply of a failed round is the one that is most worth a retry.
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

/** Returns what the first attempt of a race starts with: an admission, or the attempt that is already in flight. */
function startOf(call: Call, target: Target, admission: Admission | undefined): RaceStart {
  if (admission !== undefined) return { target, admission };
  const { opening } = call.journey;
  call.journey.opening = undefined;
  return { target, opening };
}

/** Sends the attempt, or continues the one that the straight way has sent. */
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

/**
 * Returns the endings of mirrors that said in an earlier round that they do not have the resource, and would be in the way of
 * others.
 */
function passedOver({ mirrors }: MirrorsOptions, call: Call): readonly MirrorEnding[] {
  const all = mirrors.filter(isOn);
  return missesOf(call).filter(({ mirror }) => isInTheWay(mirror, all, call));
}

/**
 * Returns the mirrors that a call may ask: at first all that have not failed, and after a failure those that would admit it now.
 */
function candidatesOf(
  { mirrors }: MirrorsOptions,
  call: Call,
  failures: readonly MirrorEnding[],
  nowMs: number | undefined,
): readonly Mirror[] {
  const others = mirrors.filter((other) => isOn(other) && !failures.some(({ mirror }) => mirror === other));
  return inOrder(nowMs === undefined ? others : others.filter(({ lane }) => lane.isHealthy(nowMs)), call);
}

/** Sorts mirrors that have broken off a body behind the others. */
function inOrder(mirrors: readonly Mirror[], { context: { avoided } }: Call): readonly Mirror[] {
  if (avoided === undefined) return mirrors;
  return mirrors.toSorted((a, b) => avoided.indexOf(a) - avoided.indexOf(b));
}

/** The answers of mirrors that do not have what a call asks for; most calls have none. */
const misses = new WeakMap<Call, readonly MirrorEnding[]>();

async function askMirrors(environment: Environment, options: MirrorsOptions, call: Call): Promise<Reply> {
  let failures: readonly MirrorEnding[] = [];
  let worst: MirrorEnding | undefined;
  for (;;) {
    // The mirrors may have changed while the call was in line.
    if (worst === undefined) failures = passedOver(options, call);
    const candidates = candidatesOf(options, call, failures, worst && environment.clock.now());
    if (candidates.length === 0) break;
    const lanes = [...new Set(candidates.map(({ lane }) => lane))];
    let admission: Admission | undefined;
    try {
      admission = await admit(environment, call, lanes, candidates[0]!.inLine);
    } catch (error) {
      if (error === LOOK_AGAIN) continue;
      // The failure of the mirror before says more than the refusal of the next one.
      if (worst === undefined || call.cancelled) throw error;
      break;
    }
    const lane = admission?.lane ?? call.journey.opening?.admission?.lane ?? lanes[0]!;
    const isHere = (candidate: Mirror) => candidate.lane === lane;
    const mirror = candidates.find((candidate) => isHere(candidate) && isOn(candidate));
    if (mirror === undefined) {
      // The mirror was switched off at the very moment at which it admitted the call.
      admission?.withdraw();
      continue;
    }
    // The mirrors that were passed over were not asked in this round.
    if (worst !== undefined) reportMirror(environment, call, failures.at(-1)!, mirror);
    const target = call.journey.target = targetOf(mirror, call, admission);
    const failed = await ask(environment, call, { mirror, target, admission, candidates });
    if (failed instanceof Reply) {
      worst?.reply?.openBody?.discard();
      if (worst !== undefined && failed.status >= 400) {
        const ending = { mirror, target, reply: failed };
        failed.failures = roundFailures(call, ending, [...failures, ending]);
      }
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
    // A request that must not be sent twice has been sent.
    if (!call.request.repeatable) break;
    if (candidatesOf(options, call, failures, environment.clock.now()).length === 0) break;
    // The next mirror may wait for the permit of the failed attempt.
    discardAllBut(undefined, failed);
    call.isInFlight = false;
  }
  return endRound(call, worst!, failures);
}

function targetOf(mirror: Mirror, call: Call, admission: Admission | undefined): Target {
  let url: string;
  try {
    // An attempt that has been sent went to the URL that the mirror gave then.
    url = call.journey.opening === undefined ? urlAt(mirror, call.url) : call.sentUrl;
  } catch (error) {
    // The caller's own `path` has thrown, and must not keep the permit.
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

/** The mirror to ask, and those that the call could ask as well. */
interface Asking {
  readonly mirror: Mirror;
  readonly target: Target;
  readonly admission: Admission | undefined;
  /** The mirrors that this round has not asked yet, this one included. */
  readonly candidates: readonly Mirror[];
}

/** Asks a mirror, and maybe another one beside it. Returns a usable reply, or the endings of the failed attempts. */
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
    // Another mirror would not do better with an error that is not the mirror's fault.
    if (!isSlipstreamError(error)) throw error;
    return [{ mirror, target, error }];
  }
}

/**
 * Returns the test whether a request goes on to a less preferred mirror when this one has not answered for a while: if the origin
 * has gone silent, or the attempt is a probe. After the first round the attempt has its whole time, unless the other mirror is
 * known to answer.
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
  // A mirror that has answered may just be slow: leave it only for a mirror that is not known to fail.
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
  // Of several decisive attempts, only the last one still has its whole body.
  const kept = all.findLast(({ mirror, reply, error }) =>
    reply === undefined ? !isSlipstreamError(error) : !hasFailed(call, mirror, reply.status)
  );
  if (kept === undefined) return all;
  discardAllBut(kept, all);
  if (kept.reply === undefined) throw kept.error;
  return kept.reply;
}

/**
 * Returns the target at a mirror; `undefined` if the caller's own `path` throws. The client does not ask such a mirror beside
 * another one; if it asks the mirror alone, `path` throws again, and the caller hears of it.
 */
function tryTarget(mirror: Mirror, call: Call): Target | undefined {
  try {
    return targetOf(mirror, call, undefined);
  } catch {
    return undefined;
  }
}

/** Whether a status shows that another mirror may do better. */
function hasFailed({ settings: { notFoundIsFinal } }: Call, { moveOn }: Mirror, status: number): boolean {
  return isServerTrouble(status) || moveOn?.has(status) === true ||
    (isNotFoundStatus(status) && !notFoundIsFinal);
}

/** Whether another mirror of the same origin may have the resource, and needs what asking this one again would use up. */
function isInTheWay({ lane }: Mirror, all: readonly Mirror[], call: Call): boolean {
  return all.some((other) => other.lane === lane && !missesOf(call).some(({ mirror }) => mirror === other));
}

/**
 * Whether a mirror's answer will stay as it is: it does not have the resource, or has something else. Not if a `retryOn` function
 * decides.
 */
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
  // A listener of the `permit` event may have aborted the call.
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

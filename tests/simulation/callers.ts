/**
 * Callers: records how their requests begin and end.
 *
 * @module
 */

import { isSlipstreamError } from "../../src/errors.ts";
import type { FetchRequest, RequestOptions } from "../../src/client/request.ts";
import { SECRET, urlOf } from "./addresses.ts";
import { familyOf } from "./families.ts";
import { bodyOf, hasBody, isStream } from "./bodies.ts";
import { optionsOf } from "./options_of.ts";
import type { OptionsPlan, OwnPlan, TargetPlan } from "./plan.ts";
import type { BatchRecord, Caller, Ending } from "./records.ts";
import { currentVisit } from "./visits.ts";
import type { Stage } from "./stage.ts";

/** The data with which a caller begins. */
export interface CallerParts {
  readonly how: string;
  readonly target: TargetPlan;
  readonly given: FetchRequest;
  readonly options?: OptionsPlan | undefined;
  readonly client?: number | undefined;
  readonly isSibling?: boolean | undefined;
  readonly batch?: BatchRecord | undefined;
  readonly signals?: readonly number[] | undefined;
  readonly streams?: boolean | undefined;
  /** Whether the client reads the body before it sends the request, so that the request can be repeated. */
  readonly isKept?: boolean | undefined;
}

/** Returns the argument for a request: only its URL, if the target has nothing else. */
export function requestOf(stage: Stage, target: TargetPlan): FetchRequest {
  const url = urlOf(target);
  const { method, user, own } = target;
  if (method === undefined && user === undefined && own === undefined) return url;
  return {
    ...own === undefined ? {} : ownOptionsOf(stage, own),
    url,
    method,
    headers: headersOf(target),
    ...hasBody(target) ? bodyOf(target) : {},
  };
}

function ownOptionsOf(stage: Stage, { signal, ...options }: OwnPlan): RequestOptions {
  return {
    ...optionsOf(stage, options),
    signal: signal === undefined ? undefined : stage.controllers[signal]!.signal,
  };
}

/** Returns the headers of a request's own. */
export function headersOf({ user }: TargetPlan): Record<string, string> {
  return user === undefined ? {} : { authorization: `Bearer ${user}-${SECRET}` };
}

/** Records that a request begins. */
export function beginCaller(stage: Stage, parts: CallerParts): Caller {
  const { how, target, given, batch, client = 0, streams = false, isSibling = false } = parts;
  const { plan: { client: { plain } }, clock, controllers } = stage;
  const { signal, ...own } = typeof given === "string" ? {} as OwnPlan : target.own ?? {};
  const options = { ...parts.options, ...definedOf(own) };
  const signals = [...parts.signals ?? [], ...signal === undefined ? [] : [signal]];
  const family = familyOf(stage.plan.client, client);
  // A shared target has an id that begins with `s`; for a file, `f` stands before it.
  const isShared = /^f?s/.test(target.id);
  const isDead = (!isSibling && stage.hasClosed(client)) ||
    signals.some((signal) => controllers[signal]!.signal.aborted);
  const visit = currentVisit();
  const caller: Caller = {
    visit,
    name: `${how} ${target.method ?? "GET"} ${urlOf(target)} (${stage.callers.length})`,
    how,
    target,
    given,
    options,
    client,
    isSibling,
    batch,
    signals,
    startedAtMs: clock.now(),
    timeoutMs: options.timeoutMs ?? family.timeoutMs ?? plain?.timeoutMs ?? 30_000,
    totalTimeoutMs: options.totalTimeoutMs ?? family.totalTimeoutMs ?? plain?.totalTimeoutMs ?? Infinity,
    maxRetries: options.maxRetries ?? family.maxRetries ?? plain?.maxRetries ?? 3,
    isShared,
    isRepeatable: (parts.isKept === true || !isStream(target)) &&
      (options.idempotent ?? target.method !== "POST"),
    streams,
    isKept: parts.isKept ?? false,
    sent: [],
    withheld: 0,
    ending: undefined,
    deadAtMs: isDead ? clock.now() : Infinity,
    mustEndWith: undefined,
    isBusy: false,
    isTakenForDead: false,
    readingSinceMs: Infinity,
  };
  stage.callers.push(caller);
  if (batch === undefined) visit?.work.add(caller);
  stage.unsettled.add(caller);
  if (!isShared) stage.callerById.set(target.id, caller);
  batch?.pulled.push(caller);
  stage.note(`begins: ${caller.name}`);
  return caller;
}

/** Removes the options that are `undefined`, because they count as absent. */
function definedOf(options: OptionsPlan): OptionsPlan {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Records that a request has ended for its caller, and checks the reason of an abort. */
export function endCaller(
  stage: Stage,
  caller: Caller,
  ending: Omit<Ending, "atMs" | "attempts" | "from"> & Partial<Ending>,
): void {
  const { name, mustEndWith, visit } = caller;
  // After the end of a visit, no caller is left to get the result.
  if (visit?.isOver) return;
  visit?.work.delete(caller);
  if (caller.ending !== undefined) stage.fail("one outcome", `${name} has ended twice`);
  const { ok, value, from, atMs = stage.clock.now() } = ending;
  const attempts = ending.attempts ?? (!ok && isSlipstreamError(value) ? value.attempts : undefined);
  caller.ending = { ok, value, from, atMs, attempts };
  stage.unsettled.delete(caller);
  stage.note(`ends: ${name}: ${ok ? "a value" : value} from ${from} after ${attempts}`);
  if (mustEndWith?.isSure) {
    if (ok) stage.fail("S6", `${name} has a value although it was aborted`);
    else if (value !== mustEndWith.reason) {
      stage.fail("S6", `${name} has not ended with the reason of its abort but with ${value}`);
    }
  }
  stage.listener?.onEnding(caller);
}

/** Follows a promise of one value to its end. */
export function follow(stage: Stage, caller: Caller, promise: Promise<unknown>): void {
  promise.then(
    (value) => endCaller(stage, caller, { ok: true, value }),
    (value) => endCaller(stage, caller, { ok: false, value }),
  );
}

/** Marks the callers that must now end with the reason of an abort, before the abort happens. */
export function mustEnd(stage: Stage, isMeant: (caller: Caller) => boolean, reason: unknown): void {
  for (const caller of stage.unsettled) {
    if (!isMeant(caller)) continue;
    caller.deadAtMs = Math.min(caller.deadAtMs, stage.clock.now());
    // If the abort happens inside a callback, the result of the caller may already be certain.
    const isSure = !stage.interference.isUnderWay;
    if (caller.batch === undefined) caller.mustEndWith ??= { reason, isSure };
  }
}

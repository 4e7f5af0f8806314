/**
 * Plays the steps of a world.
 *
 * @module
 */

import type { RequestOptions } from "../../src/client/request.ts";
import type { Outcome } from "../../src/client/outcome.ts";
import { playBatch } from "./batches.ts";
import { beginCaller, endCaller, follow, headersOf, mustEnd, requestOf } from "./callers.ts";
import { bodyOf, hasBody, isStream, requestBodyOf } from "./bodies.ts";
import { optionsOf } from "./options_of.ts";
import { playDownload } from "./downloads.ts";
import { endsWith } from "./families.ts";
import { playItems } from "./items.ts";
import { playOthers } from "./others.ts";
import { readBody } from "./reading.ts";
import { urlOf } from "./addresses.ts";
import type { CallStep, ClientPlan, CrowdStep, Step, TargetPlan } from "./plan.ts";
import type { Caller } from "./records.ts";
import { unwatched, watched } from "../lanes/model_eyes.ts";
import { currentVisit } from "./visits.ts";
import type { Stage } from "./stage.ts";

/** Plays a step; at the edge, as a visit of its own unless a visit is already running. */
export function play(stage: Stage, step: Step): void {
  if (stage.plan.client.isWorker && currentVisit() === undefined) {
    stage.visit(step, () => playStep(stage, step));
  } else playStep(stage, step);
}

function playStep(stage: Stage, step: Step): void {
  switch (step.what) {
    case "call":
      return playCall(stage, step);
    case "batch":
      return playBatch(stage, step);
    case "items":
      return playItems(stage, step);
    case "download":
      return playDownload(stage, step);
    case "abort":
      return abort(stage, step.signal);
    case "close":
      return step.extension === undefined ? close(stage) : closeExtension(stage, step.extension + 1);
    case "listen":
      return stage.listen();
    case "unlisten":
      return stage.unlisten();
    case "jump":
      return stage.jump(step.byMs);
    case "wall":
      return stage.setWall(step.byMs);
    case "mirror":
      return stage.changeMirrors(step);
    case "crowd":
      return playCrowd(stage, step);
    case "others":
      return playOthers(stage, step);
  }
}

function playCall(stage: Stage, step: CallStep): void {
  const { how, target, options, extension, isSibling } = step;
  // The observer watches the other client only at the network.
  if (isSibling && watched() !== undefined) return unwatched(() => playCall(stage, step));
  const client = extension === undefined ? 0 : extension + 1;
  const signals = step.signal === undefined ? [] : [step.signal];
  const given = how === "fetch" ? urlOf(target) : requestOf(stage, target);
  const streams = how === "fetch";
  const caller = beginCaller(stage, {
    ...{ how, target, given, options, client, signals, streams },
    isSibling,
    isKept: how === "fetch" && step.input?.endsWith("request") && target.origin !== undefined,
  });
  const signal = step.signal === undefined ? undefined : stage.controllers[step.signal]!.signal;
  const told = signal === undefined && options === undefined
    ? undefined
    : { ...optionsOf(stage, options), signal };
  if (how === "fetch") return playFetch(stage, caller, step, told);
  if (how !== "outcome") return follow(stage, caller, stage.clientOf(caller)[how as "json"](given, told));
  stage.clientOf(caller).outcome(given, told).then(
    (outcome: Outcome<unknown>) => endCaller(stage, caller, endingOf(outcome)),
    (value) => endCaller(stage, caller, { ok: false, value }),
  );
}

/** Plays many single calls at once, which share a signal. */
function playCrowd(stage: Stage, { atMs, size, origin, signal }: CrowdStep): void {
  for (let index = 0; index < size; index++) {
    const target: TargetPlan = { kind: "data", id: `c${atMs}x${index}x${signal}`, origin };
    playCall(stage, { what: "call", atMs, how: "json", target, signal });
  }
}

/** Records an operation that has to end, besides callers and batches. */
function awaitEnd(stage: Stage, name: string, ending: Promise<void>): void {
  const visit = currentVisit();
  stage.endings.add(name);
  visit?.work.add(name);
  ending.then(() => {
    stage.endings.delete(name);
    visit?.work.delete(name);
  });
}

/** Converts an outcome to the ending of its caller. */
export function endingOf(outcome: Outcome<unknown>): Parameters<typeof endCaller>[2] {
  const { attempts } = outcome;
  return outcome.ok
    ? { ok: true, value: outcome.value, attempts, from: outcome.from }
    : { ok: false, value: outcome.error, attempts };
}

function playFetch(stage: Stage, caller: Caller, step: CallStep, options: RequestOptions | undefined): void {
  const { target, target: { method = "GET" }, reading = "all" } = step;
  const { signal, schema: _, as: _as, ...others } = options ?? {};
  const init: RequestInit = {
    method,
    headers: headersOf(step.target),
    signal: signal ?? null,
    body: hasBody(target) ? bodyOf(target).body as BodyInit | undefined ?? "x" : null,
    ...isStream(target) ? { duplex: "half" } : {},
  };
  const client = stage.clientOf(caller);
  const told = Object.keys(others).length > 0 ? others : undefined;
  const url = caller.given as string;
  const answer = step.input === undefined || target.origin === undefined
    ? client.fetch(url, init, told)
    : step.input === "url"
    ? client.fetch(new URL(url), init, told)
    : client.fetch(requestFor(stage, step, url, init), undefined, told);
  answer.then((response) => {
    // After the end of a visit, no caller is left to read the response.
    if (caller.visit?.isOver) return;
    endCaller(stage, caller, { ok: true, value: response });
    readBody(stage, caller, response, reading);
  }, (value) => endCaller(stage, caller, { ok: false, value }));
}

/** Creates a `Request` that contains the method, the headers, the signal and the body. */
function requestFor(stage: Stage, step: CallStep, url: string, init: RequestInit): Request {
  const { target } = step;
  const body = hasBody(target) ? requestBodyOf(target, step, stage.clock) : null;
  return new Request(url, { ...init, body, duplex: "half" } as RequestInit);
}

/** Aborts one of the signals, and records which callers and batches must end. */
function abort(stage: Stage, index: number): void {
  const { plan, controllers, batches, clock } = stage;
  const controller = controllers[index]!;
  if (controller.signal.aborted) return;
  const reason = new Error(`signal ${index} was aborted`);
  stage.note(`signal ${index} aborts`);
  mustEnd(stage, ({ signals }) => signals.includes(index), reason);
  for (const caller of stage.unsettled) {
    if (!caller.signals.includes(index)) continue;
    // A busy caller may learn of a closing and of its own abort at the same time; its own abort wins.
    if (caller.isBusy) caller.mustEndWith = { reason, isSure: true };
    // If the abort happens inside a callback during a closing, the caller may get either reason.
    else if (stage.interference.isUnderWay && caller.mustEndWith !== undefined) {
      caller.mustEndWith = { ...caller.mustEndWith, isSure: false };
    }
  }
  for (const batch of batches) {
    if (batch.step.signal !== index || batch.ending !== undefined || batch.deadAtMs < Infinity) continue;
    batch.deadAtMs = clock.now();
    batch.mustEnd = true;
    // When all outcomes are there, nothing is left to abort, even if the reader has not taken all of them.
    const { active = 0, asleep = 0 } = batch.batch?.allowance ?? {};
    const isDone = (batch.hasEnded || batch.returns > 0) && active + asleep === 0;
    // If the signal also closes a client, that client reacts first, so the reason is not certain.
    if (!isDone && !closes(plan.client, index) && !stage.interference.isUnderWay) {
      batch.mustEndWith ??= { reason };
    }
    for (const caller of batch.pulled) caller.deadAtMs = Math.min(caller.deadAtMs, clock.now());
  }
  if (plan.client.signal === index) noteClosing(stage, reason);
  plan.client.extensions?.forEach(({ signal }, place) => {
    if (signal === index && !stage.isClosed) noteExtensionClosing(stage, place + 1, reason);
  });
  controller.abort(reason);
}

/** Whether a signal closes the client or an extension. */
function closes({ signal, extensions }: ClientPlan, index: number): boolean {
  return signal === index || (extensions ?? []).some((extension) => extension.signal === index);
}

function noteClosing(stage: Stage, reason: unknown): void {
  if (stage.isClosed) return;
  stage.closedAtMs = stage.clock.now();
  mustEnd(stage, ({ isSibling }) => !isSibling, reason);
  for (let client = 0; client < stage.clients.length; client++) noteBatches(stage, client);
}

/** Closes an extension: its own requests must end, and those of the other clients must not. */
function closeExtension(stage: Stage, client: number): void {
  if (stage.isClosed) return;
  stage.note(`extension ${client} closes`);
  noteExtensionClosing(stage, client, stage.closeReason);
  awaitEnd(stage, `close() of extension ${client}`, stage.clients[client]!.close(stage.closeReason));
}

function noteExtensionClosing(stage: Stage, client: number, reason: unknown): void {
  const { plan, clients, closedExtensions } = stage;
  for (let other = 1; other < clients.length; other++) {
    if (closedExtensions.has(other) || !endsWith(plan.client, other, client)) continue;
    mustEnd(stage, (caller) => caller.client === other && !caller.isSibling, reason);
    closedExtensions.add(other);
    noteBatches(stage, other);
  }
}

/** Records that the batches of a client must end with it. */
function noteBatches(stage: Stage, client: number): void {
  for (const batch of stage.batches) {
    if (batch.client !== client) continue;
    batch.mustEnd = true;
    batch.deadAtMs = Math.min(batch.deadAtMs, stage.clock.now());
  }
}

function close(stage: Stage): void {
  stage.note("closes");
  noteClosing(stage, stage.closeReason);
  awaitEnd(stage, `close() at ${stage.clock.now()} ms`, stage.clients[0]!.close(stage.closeReason));
}

/**
 * Callers of batches.
 *
 * @module
 */

import type { Outcome } from "../../src/client/outcome.ts";
import type { BatchOptions, FetchRequest } from "../../src/client/request.ts";
import { isTimeoutError } from "../../src/errors.ts";
import { beginCaller, endCaller, requestOf } from "./callers.ts";
import type { BatchStep } from "./plan.ts";
import type { BatchRecord } from "./records.ts";
import { optionsOf } from "./options_of.ts";
import { createSource, SourceError } from "./sources.ts";
import { currentVisit } from "./visits.ts";
import type { Stage } from "./stage.ts";
import { endingOf } from "./steps.ts";

/** Begins a batch, and follows its outcomes. */
export function playBatch(stage: Stage, step: BatchStep): void {
  const { how, signal, extension } = step;
  const client = extension === undefined ? 0 : extension + 1;
  const isDead = stage.hasClosed(client) ||
    (signal !== undefined && stage.controllers[signal]!.signal.aborted);
  const visit = currentVisit();
  const batch: BatchRecord = {
    visit,
    name: `${how} ${stage.batches.length}`,
    step,
    client,
    pulled: [],
    startedAtMs: stage.clock.now(),
    batch: undefined,
    taken: 0,
    hasLeft: false,
    isAsked: false,
    hasEnded: false,
    returns: 0,
    ending: undefined,
    deadAtMs: isDead ? stage.clock.now() : Infinity,
    mustEndWith: undefined,
    mustEnd: isDead,
  };
  stage.batches.push(batch);
  visit?.work.add(batch);
  stage.note(`begins: ${batch.name}`);
  const asked = stage.clients[client]!;
  const options: BatchOptions = {
    ...optionsOf(stage, step.options),
    signal: signal === undefined ? undefined : stage.controllers[signal]!.signal,
  };
  if (how === "record") {
    const outcomes = asked.record(namedRequests(stage, batch), options);
    return followOutcomes(stage, batch, outcomes.then(Object.values<Outcome<unknown>>));
  }
  const source = createSource(stage, batch);
  if (how === "settle") return followOutcomes(stage, batch, asked.settle(source, options));
  if (how === "all") return followAll(stage, batch, asked.all(source, options));
  consume(stage, batch, asked.stream(source, options)).then(
    () => endBatch(stage, batch, { ok: true, value: undefined }),
    (value) => endBatch(stage, batch, { ok: false, value }),
  );
}

function namedRequests(stage: Stage, batch: BatchRecord): Record<string, FetchRequest> {
  batch.hasEnded = true;
  return Object.fromEntries(batch.step.targets.map((target, index) => {
    const given = requestOf(stage, target);
    beginCaller(stage, {
      how: "record",
      target,
      given,
      batch,
      options: batch.step.options,
      client: batch.client,
    });
    return [`k${index}`, given];
  }));
}

function followOutcomes(
  stage: Stage,
  batch: BatchRecord,
  promise: Promise<readonly Outcome<unknown>[]>,
): void {
  promise.then((outcomes) => {
    endBatch(stage, batch, { ok: true, value: outcomes });
    checkCount(stage, batch, outcomes);
    outcomes.forEach((outcome, index) => takeOutcome(stage, batch, outcome, index));
  }, (value) => endBatch(stage, batch, { ok: false, value }));
}

function checkCount(
  stage: Stage,
  { name, pulled, step }: BatchRecord,
  outcomes: readonly Outcome<unknown>[],
): void {
  const most = step.options?.batchTimeoutMs === undefined ? pulled.length : step.targets.length;
  const holes = outcomes.length - Object.keys(outcomes).length;
  if (outcomes.length < pulled.length || outcomes.length > most || holes > 0) {
    stage.fail("one outcome", `${name} has ${outcomes.length - holes} outcomes of ${pulled.length} requests`);
  }
}

function followAll(stage: Stage, batch: BatchRecord, promise: Promise<readonly unknown[]>): void {
  promise.then((values) => {
    endBatch(stage, batch, { ok: true, value: values });
    if (values.length !== batch.pulled.length) {
      stage.fail(
        "one outcome",
        `${batch.name} has ${values.length} values of ${batch.pulled.length} requests`,
      );
    }
    batch.pulled.forEach((caller, index) => endCaller(stage, caller, { ok: true, value: values[index] }));
  }, (value) => endBatch(stage, batch, { ok: false, value }));
}

async function consume(
  stage: Stage,
  batch: BatchRecord,
  stream: AsyncIterableIterator<Outcome<unknown>>,
): Promise<void> {
  const { leavesAfter = Infinity, leavesAfterMs, readers = 1, options } = batch.step;
  if (leavesAfterMs !== undefined) stage.clock.at(leavesAfterMs, () => leaveAtOnce(stage, batch, stream));
  if (leavesAfter > 0) {
    await Promise.all(Array.from({ length: readers }, () => readOutcomes(stage, batch, stream)));
  } else {
    await stream.return!();
  }
  if (batch.taken < leavesAfter && !batch.hasLeft) {
    const isCut = options?.batchTimeoutMs !== undefined;
    if (batch.taken < batch.pulled.length || (batch.taken > batch.pulled.length && !isCut)) {
      stage.fail(
        "one outcome",
        `${batch.name} has yielded ${batch.taken} of ${batch.pulled.length} outcomes`,
      );
    }
  } else {
    leave(stage, batch);
  }
}

async function readOutcomes(
  stage: Stage,
  batch: BatchRecord,
  stream: AsyncIterableIterator<Outcome<unknown>>,
): Promise<void> {
  const { leavesAfter = Infinity, slowMs = 0, options } = batch.step;
  for await (const outcome of stream) {
    if (options?.ordered && outcome.index !== batch.taken) {
      stage.fail("order", `${batch.name} has yielded ${outcome.index} in place of ${batch.taken}`);
    }
    batch.taken++;
    takeOutcome(stage, batch, outcome, outcome.index);
    if (batch.taken >= leavesAfter) break;
    if (slowMs > 0) await stage.clock.sleep(slowMs);
  }
}

/** Makes the reader of a stream leave now, even while it waits for an outcome. */
function leaveAtOnce(
  stage: Stage,
  batch: BatchRecord,
  stream: AsyncIterableIterator<Outcome<unknown>>,
): void {
  if (batch.ending !== undefined || batch.visit?.isOver) return;
  stage.note(`${batch.name} is left`);
  batch.hasLeft = true;
  // A reader that leaves by itself does not get the reason of an abort in the meantime.
  batch.mustEndWith = undefined;
  leave(stage, batch);
  stream.return!().catch((error) => {
    if (!(error instanceof SourceError)) stage.fail("S13", `${batch.name} can't be left: ${error}`);
  });
}

/** Marks a batch and its requests as dead from now on: the client may send nothing more for them. */
function leave(stage: Stage, batch: BatchRecord): void {
  batch.deadAtMs = Math.min(batch.deadAtMs, stage.clock.now());
  for (const caller of batch.pulled) {
    caller.deadAtMs = Math.min(caller.deadAtMs, stage.clock.now());
    stage.unsettled.delete(caller);
  }
}

function takeOutcome(stage: Stage, batch: BatchRecord, outcome: Outcome<unknown>, index: number): void {
  const caller = batch.pulled[index];
  if (outcome.index !== index) {
    stage.fail("order", `outcome ${index} of ${batch.name} says that it is ${outcome.index}`);
  }
  if (caller === undefined) {
    if (outcome.ok || !isTimeoutError(outcome.error)) {
      stage.fail("one outcome", `${batch.name} has an outcome for what was never pulled`);
    }
    return;
  }
  if (outcome.request !== caller.given) {
    stage.fail("one outcome", `outcome ${index} of ${batch.name} is for another request`);
  }
  endCaller(stage, caller, { ...endingOf(outcome), atMs: caller.startedAtMs + outcome.durationMs });
}

function endBatch(stage: Stage, batch: BatchRecord, ending: NonNullable<BatchRecord["ending"]>): void {
  const { name, mustEndWith, visit } = batch;
  if (visit?.isOver) return;
  visit?.work.delete(batch);
  stage.note(`ends: ${name}: ${ending.ok ? "well" : ending.value}`);
  if (batch.ending !== undefined) stage.fail("one outcome", `${name} has ended twice`);
  batch.ending = ending;
  if (mustEndWith !== undefined && (ending.ok || ending.value !== mustEndWith.reason)) {
    stage.fail("S6", `${name} has not ended with the reason of its abort but with ${ending.value}`);
  }
  if (!ending.ok) leave(stage, batch);
}

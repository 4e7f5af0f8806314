/**
 * Where batches get their requests from.
 *
 * @module
 */

import type { FetchRequest, RequestSource } from "../../src/client/request.ts";
import { beginCaller, requestOf } from "./callers.ts";
import type { BatchRecord } from "./records.ts";
import type { Stage } from "./stage.ts";

/** How long a source that is asynchronous takes for every other request, in milliseconds. */
const SOURCE_MS = 70;

/** What a source throws that has no more. */
export class SourceError extends Error {}

/** Makes the source of a batch, which writes down when it is asked, and when it is told to end. */
export function createSource(stage: Stage, batch: BatchRecord): RequestSource {
  const { source, targets } = batch.step;
  const given = targets.map(requestOf);
  const pull = (): IteratorResult<FetchRequest> => pullNext(stage, batch, given);
  if (source === "async" || source === "stalled") return asyncSource(stage, batch, pull);
  const iterate = (): Iterator<FetchRequest> => {
    batch.batch = stage.opening;
    return { next: pull, return: () => noteReturn(stage, batch) };
  };
  // The client sees how long an array is, and the stage when it is read.
  if (source === "array") return Object.defineProperty(given, Symbol.iterator, { value: iterate });
  return { [Symbol.iterator]: iterate };
}

function pullNext(
  stage: Stage,
  batch: BatchRecord,
  given: readonly FetchRequest[],
): IteratorResult<FetchRequest> {
  const { pulled, step: { source, targets, options }, name } = batch;
  try {
    stage.interference.at("source");
  } catch (error) {
    batch.hasEnded = true;
    throw error;
  }
  if (batch.hasEnded) stage.fail("S13", `the source of ${name} is asked although it has ended`);
  const isDead = stage.clock.now() > batch.deadAtMs;
  if (isDead) stage.fail("S13", `the source of ${name} is asked although the batch is over`);
  if (source === "throws" && pulled.length === targets.length >> 1) {
    batch.hasEnded = true;
    throw new SourceError(`no more for ${name}`);
  }
  const target = targets[pulled.length];
  if (target === undefined) {
    batch.hasEnded = true;
    return { done: true, value: undefined };
  }
  const value = given[pulled.length]!;
  const { signal } = batch.step;
  const signals = signal === undefined ? [] : [signal];
  beginCaller(stage, { how: batch.step.how, target, given: value, batch, options, signals });
  return { done: false, value };
}

function asyncSource(
  stage: Stage,
  batch: BatchRecord,
  pull: () => IteratorResult<FetchRequest>,
): AsyncIterable<FetchRequest> {
  const { source, targets } = batch.step;
  return {
    [Symbol.asyncIterator]: () => {
      batch.batch = stage.opening;
      return {
        async next() {
          if (batch.isAsked) {
            stage.fail("S13", `the source of ${batch.name} is asked while it is being asked`);
          }
          batch.isAsked = true;
          if (batch.pulled.length % 2 === 1) await stage.clock.sleep(SOURCE_MS);
          if (batch.visit?.isOver) return new Promise(() => {});
          if (source === "stalled" && batch.pulled.length >= targets.length >> 1) {
            return new Promise(() => {});
          }
          batch.isAsked = false;
          // What is given after the end is not looked at.
          if (batch.deadAtMs < Infinity || batch.returns > 0) return { done: true, value: undefined };
          return pull();
        },
        // deno-lint-ignore require-await
        async return() {
          return noteReturn(stage, batch);
        },
      };
    },
  };
}

function noteReturn(stage: Stage, batch: BatchRecord): IteratorResult<FetchRequest> {
  stage.note(`the source of ${batch.name} is closed`);
  if (++batch.returns > 1) stage.fail("S13", `the source of ${batch.name} was closed twice`);
  // What an asynchronous source has just said may not have been heard.
  const isHeard = batch.step.source !== "async" && batch.step.source !== "stalled";
  if (batch.hasEnded && isHeard) {
    stage.fail("S13", `the source of ${batch.name} was closed although it had ended`);
  }
  return { done: true, value: undefined };
}

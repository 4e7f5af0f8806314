/**
 * The sources of batches.
 *
 * @module
 */

import type { FetchRequest, RequestSource } from "../../src/client/request.ts";
import { beginCaller, requestOf } from "./callers.ts";
import type { SourceKind } from "./plan.ts";
import type { BatchRecord } from "./records.ts";
import type { Stage } from "./stage.ts";

/** The time that an asynchronous source takes for every second request, in milliseconds. */
const SOURCE_MS = 70;

/** The error that a source throws. */
export class SourceError extends Error {}

/** Creates the source of a batch. It records each request that the batch pulls, and its closing. */
export function createSource(stage: Stage, batch: BatchRecord): RequestSource {
  const { source, targets } = batch.step;
  const given = targets.map((target) => requestOf(stage, target));
  const pull = (): IteratorResult<FetchRequest> => pullNext(stage, batch, given);
  if (source === "generator" || source === "async generator") return generatorSource(stage, batch, pull);
  if (isAsync(source)) return asyncSource(stage, batch, pull);
  const iterate = (): Iterator<FetchRequest> => {
    batch.batch = stage.opening;
    return { next: pull, return: () => noteReturn(stage, batch) };
  };
  // A real array, so that the client knows its length; its iterator tells the stage when the client reads it.
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
  if ((source === "throws" || source === "rejects") && pulled.length === targets.length >> 1) {
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
  beginCaller(stage, {
    how: batch.step.how,
    target,
    given: value,
    batch,
    options,
    signals,
    client: batch.client,
  });
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
          // The batch ignores requests after its end, so don't record them.
          if (batch.deadAtMs < Infinity || batch.returns > 0) return { done: true, value: undefined };
          return pull();
        },
        // deno-lint-ignore require-await
        async return() {
          const result = noteReturn(stage, batch);
          if (source === "unclosable") throw new SourceError(`${batch.name} can't be closed`);
          return source === "deaf" ? new Promise(() => {}) : result;
        },
      };
    },
  };
}

/** Creates a source from a real generator, synchronous or asynchronous. */
function generatorSource(
  stage: Stage,
  batch: BatchRecord,
  pull: () => IteratorResult<FetchRequest>,
): RequestSource {
  let isOpen = false;
  function* requests(): Generator<FetchRequest, undefined> {
    isOpen = true;
    try {
      for (let result = pull(); !result.done; result = pull()) yield result.value;
    } finally {
      isOpen = false;
    }
  }
  async function* slowly(): AsyncGenerator<FetchRequest, undefined> {
    isOpen = true;
    try {
      for (;;) {
        if (batch.pulled.length % 2 === 1) await stage.clock.sleep(SOURCE_MS);
        if (batch.deadAtMs < Infinity || batch.returns > 0) return;
        const result = pull();
        if (result.done) return;
        yield result.value;
      }
    } finally {
      isOpen = false;
    }
  }
  if (batch.step.source === "async generator") {
    return {
      [Symbol.asyncIterator]() {
        batch.batch = stage.opening;
        const generator = slowly();
        return {
          next: () => generator.next(),
          return() {
            noteReturn(stage, batch);
            return generator.return(undefined);
          },
        };
      },
    };
  }
  return {
    [Symbol.iterator]() {
      batch.batch = stage.opening;
      const generator = requests();
      return {
        next: () => generator.next(),
        return() {
          noteReturn(stage, batch);
          const result = generator.return(undefined);
          if (isOpen) stage.fail("S13", `the source of ${batch.name} is still open`);
          return result;
        },
      };
    },
  };
}

/** Whether a source is asynchronous. */
function isAsync(source: SourceKind): boolean {
  return source === "async" || source === "stalled" || source === "async generator" || source === "rejects" ||
    source === "unclosable" || source === "deaf";
}

function noteReturn(stage: Stage, batch: BatchRecord): IteratorResult<FetchRequest> {
  stage.note(`the source of ${batch.name} is closed`);
  if (++batch.returns > 1) stage.fail("S13", `the source of ${batch.name} was closed twice`);
  // The batch may close an asynchronous source before it has seen the source's end.
  if (batch.hasEnded && !isAsync(batch.step.source)) {
    stage.fail("S13", `the source of ${batch.name} was closed although it had ended`);
  }
  return { done: true, value: undefined };
}

/**
 * Callers that download a file to a stream of their own.
 *
 * @module
 */

import { urlOf } from "./addresses.ts";
import { fileText } from "./servers.ts";
import { beginCaller, endCaller } from "./callers.ts";
import { optionsOf } from "./options_of.ts";
import type { DownloadStep } from "./plan.ts";
import type { Caller } from "./records.ts";
import type { Stage } from "./stage.ts";

/** The error with which a caller's stream breaks. */
class SinkError extends Error {}

/** Downloads a file, and checks the received content. */
export function playDownload(stage: Stage, step: DownloadStep): void {
  const { target, options, signal: index } = step;
  const signals = index === undefined ? [] : [index];
  const client = step.extension === undefined ? 0 : step.extension + 1;
  const given = urlOf(target);
  const caller = beginCaller(stage, {
    how: "download",
    target,
    given,
    options,
    signals,
    client,
    streams: true,
  });
  const signal = index === undefined ? undefined : stage.controllers[index]!.signal;
  const { schema: _, cache: _cache, as: _as, ...others } = optionsOf(stage, options);
  const chunks: Uint8Array[] = [];
  const sink = sinkOf(stage, caller, step, chunks);
  stage.clientOf(caller).download(given, sink, { ...others, signal }).then(() => {
    const decoder = new TextDecoder();
    const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
    if (target.kind === "file") checkFile(stage, caller, text);
    endCaller(stage, caller, { ok: true, value: parsed(text) });
  }, (value) => endCaller(stage, caller, { ok: false, value }));
}

/** Creates a stream that collects all chunks, slowly if the step says so, or breaks after some of them. */
function sinkOf(
  stage: Stage,
  caller: Caller,
  { slowMs, breaksAfter = Infinity }: DownloadStep,
  chunks: Uint8Array[],
): WritableStream<Uint8Array> {
  let isOver = false;
  const end = (): void => {
    if (isOver) stage.fail("download", `the stream of ${caller.name} has ended twice`);
    isOver = true;
  };
  return new WritableStream({
    async write(chunk) {
      stage.interference.at("sink");
      if (isOver) stage.fail("download", `${caller.name} goes on after the end of its stream`);
      if (chunks.length >= breaksAfter) {
        isOver = true;
        throw new SinkError("the stream is full");
      }
      chunks.push(chunk.slice());
      if (slowMs !== undefined) await stage.clock.sleep(slowMs);
    },
    close: end,
    abort: end,
  });
}

/** Checks that all of a file is of one version, unless the text is another page in its place. */
function checkFile(stage: Stage, { name, target }: Caller, text: string): void {
  const [version] = /^\d+/.exec(text) ?? [];
  // A truncated file is accepted too: the client can't detect it if the server states no length, or a wrong one.
  if (version === undefined || fileText(Number(version)).startsWith(text)) return;
  stage.fail("download", `${name} has got a file of ${target.id} that is not of one version`);
}

/** Parses a file as JSON. Returns the text itself if it is no JSON, as any page may come in place of a file. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch { // a page, or a truncated file for which the server stated no length
    return text;
  }
}

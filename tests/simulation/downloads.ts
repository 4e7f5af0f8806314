/**
 * Callers of files, which go to a stream of theirs.
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

/** What a caller's stream breaks with. */
class SinkError extends Error {}

/** Asks for a file, and looks at what has come of it. */
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

/** A stream that keeps everything, in its own time, or breaks. */
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

/** All of a file is of one version, unless it is another page. */
function checkFile(stage: Stage, { name, target }: Caller, text: string): void {
  const [version] = /^\d+/.exec(text) ?? [];
  // Half of a file whose length nobody has told, or told wrong, is one as well.
  if (version === undefined || fileText(Number(version)).startsWith(text)) return;
  stage.fail("download", `${name} has got a file of ${target.id} that is not of one version`);
}

/** A file may be anything that a server gives in its place. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch { // a page, or half of a file whose length nobody has told
    return text;
  }
}

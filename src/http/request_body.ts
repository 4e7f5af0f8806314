/**
 * Reads the body of a `Request`, so that it can be sent more than once, and reads streams for runtimes that cannot send streams.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import { concatenate } from "./concatenate.ts";

/** How much of a body is kept so that it can be sent again, in bytes. */
export const MAX_REPLAY_BYTES: number = 1_048_576;

/** Options of {@linkcode replayableBody}. */
export interface ReplayOptions {
  /** The signals that end the reading. */
  readonly signals: readonly AbortSignal[];
  /** Whether to read the whole body, however large, because browsers cannot send streams. */
  readonly isWhole: boolean;
}

/**
 * Reads the body of a request, which counts as used at once.
 *
 * @param request The request; its body must not have been used.
 * @param options How to read it.
 * @returns The bytes; for a body of more than 1 MiB a stream, which can be sent once.
 * @throws {unknown} Rejects with the reason of a signal that aborts, and with the error of a body that breaks off.
 */
export async function replayableBody(
  request: Request,
  { signals, isWhole }: ReplayOptions,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  // In Firefox, `request.body` is not a stream.
  if (!(request.body instanceof ReadableStream)) return new Uint8Array(await request.arrayBuffer());
  return await readBody(request.body, signals, isWhole ? Infinity : MAX_REPLAY_BYTES);
}

/**
 * Reads a whole stream.
 *
 * @param stream The stream; it must not have a reader.
 * @param signal The signal that ends the reading.
 * @returns The bytes.
 * @throws {unknown} Rejects with the reason of the signal, and with the error of a stream that breaks off.
 */
export async function wholeBody(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<BodyInit> {
  return await readBody(stream, [signal], Infinity);
}

async function readBody(
  stream: ReadableStream<Uint8Array>,
  signals: readonly AbortSignal[],
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = stream.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const stop: AbortTarget = {
    onAbort: ({ reason }) => void reader.cancel(reason).catch(() => {}),
  };
  for (const signal of signals) {
    // A signal that has aborted already does not call its listeners any more.
    if (signal.aborted) stop.onAbort(signal);
    else addAbortListener(signal, stop);
  }
  try {
    return await readOrStream(reader, signals, maxBytes);
  } finally {
    for (const signal of signals) removeAbortListener(signal, stop);
  }
}

async function readOrStream(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signals: readonly AbortSignal[],
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= maxBytes) {
    const { done, value } = await reader.read();
    for (const signal of signals) signal.throwIfAborted();
    if (done) return concatenate(chunks, size);
    const bytes = chunkBytes(value, reader);
    chunks.push(bytes);
    size += bytes.length;
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift() ?? (await reader.read()).value;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunkBytes(chunk, reader));
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/**
 * A body that is given as an async iterable.
 *
 * @module
 */

import { chunkBytes } from "./chunk_bytes.ts";

/** Whether a value is an async iterable: a generator, or a stream of Node.js. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === "function";
}

/**
 * Makes a stream of an async iterable, which Deno, Bun and Node.js take as a body. It is pulled as it is sent.
 *
 * @param iterable Bytes and text.
 * @returns The stream. It breaks off with what the iterable throws, and with a `TypeError` at a chunk that is something else;
 * then, and when the stream is cancelled, the iterable's `return()` is called.
 */
export function iterableBody(iterable: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  let iterator: AsyncIterator<unknown> | undefined;
  // One that was never begun may hold something open as well.
  const end = async (): Promise<void> => {
    iterator ??= iterable[Symbol.asyncIterator]();
    await iterator.return?.();
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      iterator ??= iterable[Symbol.asyncIterator]();
      const { done, value } = await iterator.next();
      if (done) return controller.close();
      controller.enqueue(chunkBytes(value, { cancel: end }));
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

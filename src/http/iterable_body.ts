/**
 * Bodies from async iterables.
 *
 * @module
 */

import { chunkBytes } from "./chunk_bytes.ts";

/** Whether a value is an async iterable: a generator, or a stream of Node.js. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === "function";
}

/**
 * Turns an async iterable, which Deno, Bun and Node.js accept as a body, into a stream. The stream reads the iterable only while
 * it is sent.
 *
 * @param iterable An iterable of bytes and text.
 * @returns The stream. It breaks off with the error that the iterable throws, or with a `TypeError` at a chunk that is neither
 * bytes nor text. After such a chunk, and when the stream is cancelled, it calls the iterable's `return()`.
 */
export function iterableBody(iterable: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  let iterator: AsyncIterator<unknown> | undefined;
  // Begin the iterable if necessary: it may hold a resource open even before the first chunk.
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

/**
 * Bodies that a program produces as it goes.
 *
 * @module
 */

/** Whether something yields one chunk after the other, as `fetch` of Deno, Bun and Node.js takes it, and is no stream. */
export function isIterableBody(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body &&
    !(body instanceof ReadableStream);
}

/**
 * Makes a stream of an async iterable, which is asked for a chunk when one is to be sent.
 *
 * @param iterable It yields bytes, or text.
 * @returns The stream. It breaks off with what the iterable throws; when it is cancelled, the iterable is told to end.
 */
export function iterableBody(iterable: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let iterator: AsyncIterator<unknown> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      iterator ??= iterable[Symbol.asyncIterator]();
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value as Uint8Array);
    },
    async cancel(reason) {
      await iterator?.return?.(reason);
    },
  }, { highWaterMark: 0 });
}

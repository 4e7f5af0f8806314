/**
 * Responses whose bodies are streams of Node.js, as those of `node-fetch`.
 *
 * @module
 */

import { chunkBytes } from "./chunk_bytes.ts";
import { NULL_BODY_STATUSES } from "./decoded_headers.ts";
import { isAsyncIterable } from "./iterable_body.ts";
import { responseLike } from "./tracked_response.ts";

interface NodeHeaders extends Headers {
  raw?(): Readonly<Record<string, readonly string[]>>;
}

/** The part of a stream of Node.js that is used here. */
interface NodeBody extends AsyncIterable<unknown> {
  on?(event: "error", listener: () => void): unknown;
  destroy?(): unknown;
}

/** What {@linkcode withStandardBody} demands, for an error message. */
export const WITH_STANDARD_BODY = "whose body is a ReadableStream, as the standard says";

/**
 * Gives a response the body that the fetch standard prescribes.
 *
 * @param response A response of another implementation than the runtime's.
 * @returns The same response if its body is standard; a response with the same bytes if its body is a stream of Node.js;
 * `undefined` for any other body, which could not be read.
 */
export function withStandardBody(response: Response): Response | undefined {
  const { body } = response as { readonly body: unknown };
  if (!body || typeof (body as Partial<ReadableStream>).getReader === "function") return response;
  if (!isAsyncIterable(body)) return undefined;
  const { status, statusText, url, redirected = false, type = "default" } = response;
  const head = { status, statusText, headers: standardHeaders(response.headers), url, redirected, type };
  return responseLike(head, NULL_BODY_STATUSES.has(status) ? null : standardStream(body));
}

/** Copies headers. Those of `node-fetch` show several cookies as one text, and one by one only in `raw()`. */
function standardHeaders(given: NodeHeaders): Headers {
  const raw = given.raw?.();
  if (raw === undefined) return new Headers(given);
  const copy = new Headers();
  for (const [name, values] of Object.entries(raw)) for (const value of values) copy.append(name, value);
  return copy;
}

function standardStream(body: NodeBody): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  // An error would end the process if it came while no chunk is awaited. The iterator throws it as well.
  body.on?.("error", () => {});
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) return controller.close();
      // Copy the chunk, because it may be a view of memory that other parts of the program use.
      controller.enqueue(chunkBytes(value).slice());
    },
    // `return()` of the iterator would wait for the next chunk.
    cancel: () => void body.destroy?.(),
  }, { highWaterMark: 0 });
}

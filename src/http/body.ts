/**
 * Response bodies: reads them whole under a limit, or discards them.
 *
 * @module
 */

import type { Deadlines, DeadlineTarget } from "../primitives/deadline_queue.ts";
import type { BodyCollector } from "./body_collector.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import { concatenate } from "./concatenate.ts";

/** How much of an unwanted body is read before it is cancelled; reading it to its end keeps the connection. */
const MAX_DRAIN_BYTES = 65_536;
/** How long that may take, in milliseconds. */
const MAX_DRAIN_MS = 250;
/** How much of an error's body is kept for its message. */
const EXCERPT_BYTES = 2_048;

/**
 * Reads a body to its end.
 *
 * @param response The response; its body must not have been touched.
 * @param maxBytes The largest accepted body, in decoded bytes; `Infinity` for any.
 * @param onBytes Called with the length of each chunk.
 * @returns The bytes, or `undefined` if there are more than `maxBytes`: then the body has been cancelled.
 */
export async function readBody(
  response: Response,
  maxBytes: number,
  onBytes?: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (onBytes !== undefined) return await readCounting(response, maxBytes, onBytes);
  if (maxBytes === Infinity) return new Uint8Array(await response.arrayBuffer());
  // `Content-Length` limits the body unless it is encoded; otherwise count the bytes as they arrive.
  const length = response.headers.has("content-encoding") ? undefined : contentLength(response.headers);
  if (length === undefined) return await readCounting(response, maxBytes);
  if (length > maxBytes) {
    cancelBody(response);
    return undefined;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return bytes.length > maxBytes ? undefined : bytes;
}

async function readCounting(
  response: Response,
  maxBytes: number,
  onBytes?: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatenate(chunks, size);
    const chunk = chunkBytes(value, reader);
    size += chunk.length;
    if (size > maxBytes) {
      ignoreRejection(reader.cancel());
      return undefined;
    }
    chunks.push(chunk);
    onBytes?.(chunk.length);
  }
}

/**
 * Discards a body: reads up to 64 KB of it for up to 250 ms, so that the connection can be used again, then cancels the rest.
 *
 * @param response The response; its body must not have been touched.
 * @param deadlines The deadlines for the time limit.
 * @param collector Gets the bytes that are read, for callers that can use a short body.
 * @returns The body's first characters. Never rejects.
 */
export async function drainBody(
  response: Response,
  deadlines: Deadlines,
  collector?: BodyCollector,
): Promise<string> {
  if (response.body === null) collector?.end(true);
  if (response.body === null || response.bodyUsed || response.body.locked) return "";
  const reader = response.body.getReader();
  let isStopped = false;
  const stop: DeadlineTarget = {
    onDeadline() {
      isStopped = true;
      ignoreRejection(reader.cancel());
    },
  };
  const deadline = deadlines.add(stop, MAX_DRAIN_MS);
  // If the body is too long to drain, the connection is lost in any case: read only the excerpt.
  const length = contentLength(response.headers) ?? 0;
  const enough = length > MAX_DRAIN_BYTES ? EXCERPT_BYTES : MAX_DRAIN_BYTES;
  const excerpt = new ExcerptCollector();
  try {
    // A body that has its announced length has ended, which only one more read shows.
    for (let size = 0; size < enough || size === length;) {
      const { done, value } = await reader.read();
      if (done) {
        // A body that was cancelled at the time limit ends here, too.
        collector?.end(!isStopped);
        return excerpt.text();
      }
      const chunk = chunkBytes(value, reader);
      collector?.add(chunk);
      size += chunk.length;
      excerpt.add(chunk);
    }
    ignoreRejection(reader.cancel());
  } catch {
    // The body has broken off, so nothing is left to discard. Show what has arrived.
  } finally {
    deadlines.remove(deadline);
  }
  return excerpt.text();
}

class ExcerptCollector {
  readonly #decoder = new TextDecoder();
  #room = EXCERPT_BYTES;
  #text = "";

  add(chunk: Uint8Array): void {
    const kept = chunk.subarray(0, this.#room);
    this.#room -= kept.length;
    this.#text += this.#decoder.decode(kept, { stream: true });
  }

  text(): string {
    return this.#text;
  }
}

/** Cancels a body without waiting for it. */
export function cancelBody(response: Response): void {
  if (response.body !== null && !response.body.locked) ignoreRejection(response.body.cancel());
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(65_536);
/** The length of a byte order mark, which is not part of the text. */
const MARK_BYTES = 3;

/**
 * Returns how many bytes a text takes as UTF-8.
 *
 * @param text The text.
 * @param response The response whose whole body the text is, if the network has brought it and all of its headers are visible.
 * Its `Content-Length` then saves counting the bytes of a long text, which takes almost as long as parsing it.
 * @returns The number of bytes. With a response, it may include a byte order mark and malformed bytes, which the text does not
 * show.
 */
export function utf8Length(text: string, response?: Response): number {
  // A UTF-16 unit takes at most three bytes.
  if (3 * text.length <= scratch.length) return encoder.encodeInto(text, scratch).written;
  return (response && receivedLength(text, response)) ?? count(text);
}

/** Returns the announced length of a text's body; `undefined` if that cannot be the length of the text. */
function receivedLength(text: string, { headers }: Response): number | undefined {
  if (headers.has("content-encoding")) return undefined;
  const bytes = contentLength(headers) ?? 0;
  return bytes >= text.length && bytes <= 3 * text.length + MARK_BYTES ? bytes : undefined;
}

function count(text: string): number {
  let bytes = 0;
  for (let rest = text; rest !== "";) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes;
}

/**
 * Returns the announced length of a body; `undefined` if `Content-Length` is absent or not a number, or a transfer coding
 * overrides it (RFC 9112 §6.3): then the body may have any length.
 */
export function contentLength(headers: Headers): number | undefined {
  if (headers.has("transfer-encoding")) return undefined;
  const value = headers.get("content-length") ?? "";
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

function ignoreRejection(promise: Promise<unknown>): void {
  // The outcome of the cancellation does not matter.
  promise.catch(() => {});
}

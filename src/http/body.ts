/**
 * Response bodies: read whole under a limit, or got rid of.
 *
 * @module
 */

import { type BodyCollector, concatenate } from "./body_collector.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import type { Deadlines, DeadlineTarget } from "../primitives/deadline_queue.ts";

/** How much of an unwanted body is read before it is cancelled; reading it to its end keeps the connection. */
const MAX_DRAIN_BYTES = 65_536;
/** How long that may take, in milliseconds. */
const MAX_DRAIN_MS = 250;
/** How much of an error's body is kept to be shown. */
const EXCERPT_BYTES = 2_048;

/**
 * Reads a body to its end.
 *
 * @param response The response; its body must not have been touched.
 * @param maxBytes The largest body that is accepted, as it is read: decoded; `Infinity` for any.
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
  // A length that covers the bytes as they are read bounds them; otherwise they must be counted as they come.
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
 * Gets rid of a body: reads up to 64 KB of it for up to 250 ms, so that the connection can serve again, then cancels it.
 *
 * @param response The response; its body must not have been touched.
 * @param deadlines Where the time limit is kept.
 * @param collector Gets what is read, for callers that can use a short body.
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
  // More than may be drained: what is shown is enough, the connection is lost in any case.
  const enough = (contentLength(response.headers) ?? 0) > MAX_DRAIN_BYTES ? EXCERPT_BYTES : MAX_DRAIN_BYTES;
  const excerpt = new ExcerptCollector();
  try {
    for (let size = 0; size < enough;) {
      const { done, value } = await reader.read();
      if (done) {
        // A body that was cancelled for taking too long ends as well.
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
    // The body broke off: there is nothing left to get rid of, and what came is still worth showing.
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
/** How many bytes a byte order mark has, which is no part of a text. */
const MARK_BYTES = 3;

/**
 * How many bytes a text takes as UTF-8.
 *
 * @param text The text.
 * @param response The response whose whole body it is, if that came from the network and shows all of its headers: of a long
 * text it says how many bytes it has brought, since counting them takes a good part of the time that parsing does.
 * @returns The number of bytes; of a response's text, that of those that came, with a byte order mark and malformed ones.
 */
export function utf8Length(text: string, response?: Response): number {
  // A unit takes three bytes at most.
  if (3 * text.length <= scratch.length) return encoder.encodeInto(text, scratch).written;
  return (response && receivedLength(text, response)) ?? count(text);
}

/** How many bytes a text came as; `undefined` where the announced length is not that of the text. */
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
 * The body's length as announced; `undefined` when it is absent or no number, or a transfer coding overrides it (RFC 9112 §6.3): then the
 * body may be of any length.
 */
export function contentLength(headers: Headers): number | undefined {
  if (headers.has("transfer-encoding")) return undefined;
  const value = headers.get("content-length") ?? "";
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

function ignoreRejection(promise: Promise<unknown>): void {
  // How the cancelling ends does not matter.
  promise.catch(() => {});
}

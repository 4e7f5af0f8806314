/**
 * What happens to the body of an attempt that is not read here: somebody gets rid of it, shows its beginning, or hands it out.
 *
 * @module
 */

import { drainBody } from "../http/body.ts";
import { BodyCollector } from "../http/body_collector.ts";
import { trackBody, type TrackedResponse } from "../http/tracked_response.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { OpenBody } from "./reply.ts";

/** What an open body is part of. */
export interface AttemptBodyOptions {
  readonly response: Response;
  readonly deadlines: Deadlines;
  /** The largest body that its reader is given; `Infinity` for any. */
  readonly maxBytes: number;
  /** Makes the error that a larger one breaks off with. */
  readonly onTooLarge: () => Error;
  /** The body has ended, and so has the attempt; the number of bytes where they were read by the caller. */
  readonly onEnd: (bytes: number | undefined) => void;
  /** What the body broke off with that the caller was to read. */
  readonly onUnusable: (error: unknown) => unknown;
  /** Keeps work that nobody waits for. */
  readonly inBackground: (work: Promise<unknown>) => void;
}

/** A body that is open, and that nobody reads yet. */
export class AttemptBody implements OpenBody {
  readonly #options: AttemptBodyOptions;
  /** Who wants the bytes that the caller reads. */
  #collector: BodyCollector | undefined;
  /** The response that the caller reads. */
  #tracked: TrackedResponse | undefined;
  /** The body's first characters, once it is being got rid of. */
  #excerpt: Promise<string> | undefined;
  #hasEnded = false;

  /** Takes a body over. */
  constructor(options: AttemptBodyOptions) {
    this.#options = options;
  }

  discard(): void {
    this.excerpt();
  }

  excerpt(): Promise<string> {
    if (this.#excerpt === undefined) {
      this.#excerpt = this.#drain();
      this.#options.inBackground(this.#excerpt);
    }
    return this.#excerpt;
  }

  async #drain(): Promise<string> {
    const { response, deadlines, onEnd } = this.#options;
    const text = await drainBody(response, deadlines, this.#collector);
    onEnd(undefined);
    return text;
  }

  collect(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#collector = new BodyCollector(maxBytes);
    if (this.#hasEnded) this.#collector.end(false);
    return this.#collector.bytes;
  }

  release(): Response {
    const { response, maxBytes, onTooLarge, onEnd, onUnusable } = this.#options;
    if (this.#excerpt !== undefined) return excerptResponse(response, this.#excerpt);
    try {
      this.#tracked = trackBody(response, { maxBytes, onTooLarge, onEnd, collector: this.#collector });
    } catch (error) {
      // Somebody has read the body before.
      throw onUnusable(error);
    }
    return this.#tracked.response;
  }

  /** Whether its caller reads it. */
  get isHandedOut(): boolean {
    return this.#tracked !== undefined;
  }

  /** The attempt has been stopped: breaks the body off for its reader. */
  fail(reason: unknown): void {
    this.#tracked?.fail(reason);
  }

  /** The attempt has ended: nobody collects anything any more. */
  end(): void {
    this.#hasEnded = true;
    this.#collector?.end(false);
  }
}

/** A response whose body is what is left of one that had to be got rid of. */
function excerptResponse(response: Response, excerpt: Promise<string>): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  headers.delete("content-encoding");
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(await excerpt));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", { value: url });
}

/**
 * A body that arrives in pieces when the test says so: server-sent events, lines, or text.
 *
 * @module
 */

import type { Reply } from "./api_server.ts";

const encoder = new TextEncoder();

/** Replies with a body in pieces: the first piece at once, the others when the test says so. */
export class PacedStream {
  /** Resolves when the reader cancels the body before its end. */
  readonly abandoned: Promise<void>;
  readonly #chunks: readonly string[];
  #abandon: () => void;
  #continue: () => void;
  #continued: Promise<void>;

  /**
   * Creates a stream with the given pieces.
   *
   * @param chunks The pieces.
   */
  constructor(chunks: readonly string[]) {
    this.#chunks = chunks;
    const abandoned = Promise.withResolvers<void>();
    const continued = Promise.withResolvers<void>();
    this.abandoned = abandoned.promise;
    this.#abandon = abandoned.resolve;
    this.#continued = continued.promise;
    this.#continue = continued.resolve;
  }

  /** Sends all pieces after the first one. */
  goOn(): void {
    this.#continue();
  }

  /** The reply that sends the pieces. */
  readonly reply: Reply = () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        if (sent > 0) await this.#continued;
        const chunk = this.#chunks[sent++];
        if (chunk === undefined) controller.close();
        else controller.enqueue(encoder.encode(chunk));
      },
      cancel: () => this.#abandon(),
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

/** Formats one server-sent event; data that is no string becomes JSON. */
export function sse(data: unknown, event?: string): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/**
 * Responses of another implementation of `fetch`, whose bodies are streams of Node.js.
 *
 * @module
 */

import { Readable } from "node:stream";

/** The head of such a response. */
export interface NodeResponseInit extends ResponseInit {
  readonly url?: string;
}

/** Makes a response as `node-fetch` does: no instance of the global class, with a stream of Node.js as its body. */
export function nodeResponse(
  body: Readable,
  { status = 200, url = "", ...init }: NodeResponseInit = {},
): Response {
  const { statusText = "", headers } = init;
  const response = {
    [Symbol.toStringTag]: "Response",
    status,
    statusText,
    ok: status >= 200 && status < 300,
    url,
    headers: new Headers(headers),
    bodyUsed: false,
    body,
  };
  return response as unknown as Response;
}

/**
 * Makes a response as Bun's own `node-fetch` does: an instance of a subclass of the global class, with a stream of Node.js as its
 * body, and with the type of an error unless it is a success.
 */
export function bunNodeResponse(
  chunks: readonly string[],
  { url = "", ...init }: NodeResponseInit,
): Response {
  return new BunNodeResponse(chunks, url, init);
}

class BunNodeResponse extends Response {
  readonly #chunks: readonly string[];
  readonly #url: string;
  #stream: Readable | undefined;

  constructor(chunks: readonly string[], url: string, init: ResponseInit) {
    super(chunks.join(""), init);
    this.#chunks = chunks;
    this.#url = url;
  }

  override get url(): string {
    return this.#url;
  }

  override get type(): ResponseType {
    return this.ok ? "default" : "error";
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return (this.#stream ??= Readable.from(this.#chunks)) as unknown as ReadableStream<
      Uint8Array<ArrayBuffer>
    >;
  }
}

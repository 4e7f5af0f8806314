/**
 * The body of a response, read chunk by chunk by a reader that may leave at any time.
 *
 * @module
 */

import type { Opener, OpenOptions } from "../policies/opener.ts";

/** Opens one response, and reads its body. */
export class BodyReader {
  readonly #open: Opener;
  readonly #controller = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  /** Nothing is sent before {@linkcode BodyReader.open}. */
  constructor(open: Opener) {
    this.#open = open;
  }

  /**
   * Sends the request.
   *
   * @param options What is different this time.
   * @returns The response, whose body is for this reader only.
   */
  async open(options: Omit<OpenOptions, "signal"> = {}): Promise<Response> {
    const response = await this.#open({ ...options, signal: this.#controller.signal });
    this.#reader = response.body?.getReader();
    return response;
  }

  /**
   * The next chunk.
   *
   * @returns The chunk; `undefined` after the last one. Rejects with what the body broke off with.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const result = await this.#reader?.read();
    return result?.done === false ? result.value : undefined;
  }

  /** Leaves, wherever it is: the permit is free at once, and what waits for the response or a chunk rejects. */
  close(): void {
    this.#controller.abort(new DOMException("The reader has left", "AbortError"));
  }
}

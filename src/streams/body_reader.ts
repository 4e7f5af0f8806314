/**
 * Reads the body of a response chunk by chunk, for a reader that may leave at any time.
 *
 * @module
 */

import type { Opener, OpenOptions } from "../policies/opener.ts";

/** Opens one response, and reads its body. */
export class BodyReader {
  readonly #open: Opener;
  readonly #controller = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  /** Creates a reader. It sends nothing before {@linkcode BodyReader.open}. */
  constructor(open: Opener) {
    this.#open = open;
  }

  /**
   * Sends the request.
   *
   * @param options How this request differs from the caller's.
   * @returns The response, whose body is for this reader only.
   */
  async open(options: Omit<OpenOptions, "signal"> = {}): Promise<Response> {
    const response = await this.#open({ ...options, signal: this.#controller.signal });
    this.#reader = response.body?.getReader();
    return response;
  }

  /**
   * Reads the next chunk.
   *
   * @returns The chunk; `undefined` after the last one. Rejects with the error of a body that breaks off.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const result = await this.#reader?.read();
    return result?.done === false ? result.value : undefined;
  }

  /** Ends the reading at any point. Frees the permit at once; a pending `open()` or `next()` rejects. */
  close(): void {
    this.#controller.abort(new DOMException("The reader has left", "AbortError"));
  }
}

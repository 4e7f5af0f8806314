/**
 * Collects the bytes of a body while a caller reads it.
 *
 * @module
 */

import { deferred } from "../primitives/deferred.ts";
import { concatenate } from "./concatenate.ts";

/** Keeps the bytes that are read of a body, up to a limit. */
export class BodyCollector {
  /**
   * The whole body; `undefined` if it was too large, or not read to its end. Rejects with the error of a body that breaks off.
   */
  readonly bytes: Promise<Uint8Array<ArrayBuffer> | undefined>;
  readonly #resolve: (bytes: Uint8Array<ArrayBuffer> | undefined) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** Creates a collector for at most `maxBytes` bytes. */
  constructor(maxBytes: number) {
    const { promise, resolve, reject } = deferred<Uint8Array<ArrayBuffer> | undefined>();
    this.bytes = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a copy of a chunk, because the reader may change the chunk. */
  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) this.#chunks = [];
    else this.#chunks.push(chunk.slice());
  }

  /** Ends the body. Only the first call counts. */
  end(complete: boolean): void {
    this.#resolve(
      complete && this.#size <= this.#maxBytes ? concatenate(this.#chunks, this.#size) : undefined,
    );
    this.#chunks = [];
  }

  /** Breaks the body off. Does nothing after its end. */
  fail(reason: unknown): void {
    this.#reject(reason);
    this.#chunks = [];
  }
}

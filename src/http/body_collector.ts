/**
 * The bytes of a body that a caller reads.
 *
 * @module
 */

import { deferred } from "../primitives/deferred.ts";

/** Keeps what is read of a body, up to a limit. */
export class BodyCollector {
  /** The whole body; `undefined` when it was too large, or not read to its end. Rejects with what it has broken off with. */
  readonly bytes: Promise<Uint8Array<ArrayBuffer> | undefined>;
  readonly #resolve: (bytes: Uint8Array<ArrayBuffer> | undefined) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** Creates a collector of at most so many bytes. */
  constructor(maxBytes: number) {
    const { promise, resolve, reject } = deferred<Uint8Array<ArrayBuffer> | undefined>();
    this.bytes = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#maxBytes = maxBytes;
  }

  /** Takes a copy of a chunk: its reader may change it. */
  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) this.#chunks = [];
    else this.#chunks.push(chunk.slice());
  }

  /** The body is over; only the first call counts. */
  end(complete: boolean): void {
    this.#resolve(
      complete && this.#size <= this.#maxBytes ? concatenate(this.#chunks, this.#size) : undefined,
    );
    this.#chunks = [];
  }

  /** The body has broken off; only if it was not over. */
  fail(reason: unknown): void {
    this.#reject(reason);
    this.#chunks = [];
  }
}

/** Puts chunks together. */
export function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

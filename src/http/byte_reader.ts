/**
 * Reads bytes into buffers that are used again, where a stream can.
 *
 * @module
 */

/** So much is read at once where a caller has no buffer of its own, in bytes. */
const OWN_BYTES = 65_536;

/** The only reader of a stream of bytes. */
export class ByteReader {
  readonly #into: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #own: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Takes a stream over.
   *
   * @param stream The stream.
   * @param readsInto Whether it is to be read into buffers. What Bun has fetched can't be.
   */
  constructor(stream: ReadableStream<Uint8Array>, readsInto: boolean) {
    if (readsInto) this.#into = byobReader(stream);
    if (this.#into === undefined) this.#plain = stream.getReader();
  }

  /**
   * Reads what has come.
   *
   * @param room Where it may be put; it is detached then.
   * @returns The bytes, which are at the beginning of the room's memory if that was used. Rejects with what the stream has broken off with.
   */
  read(room?: Uint8Array<ArrayBuffer>): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#into === undefined) return this.#plain!.read();
    return room === undefined ? this.#readCopy(this.#into) : this.#into.read(room);
  }

  /** Many small chunks may wait, which must not hold a buffer each. */
  async #readCopy(reader: ReadableStreamBYOBReader): Promise<ReadableStreamReadResult<Uint8Array>> {
    const result = await reader.read(this.#own ?? new Uint8Array(OWN_BYTES));
    if (result.done) return result;
    this.#own = new Uint8Array(result.value.buffer);
    return { done: false, value: result.value.slice() };
  }

  /** Wants no more. */
  cancel(reason: unknown): Promise<void> {
    return (this.#into ?? this.#plain!).cancel(reason);
  }
}

function byobReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

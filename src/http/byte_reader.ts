/**
 * Reads bytes from a stream into reusable buffers, if the stream supports that.
 *
 * @module
 */

/** How much is read at once for a caller without a buffer of its own, in bytes. */
const OWN_BYTES = 65_536;

/** The only reader of a byte stream. */
export class ByteReader {
  readonly #into: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #own: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Creates a reader, which locks the stream.
   *
   * @param stream The stream.
   * @param readsInto Whether to read into buffers, if the stream supports that. In Bun, the streams of fetched responses do not.
   */
  constructor(stream: ReadableStream<Uint8Array>, readsInto: boolean) {
    if (readsInto) this.#into = byobReader(stream);
    if (this.#into === undefined) this.#plain = stream.getReader();
  }

  /**
   * Reads the next bytes.
   *
   * @param room A buffer for the bytes. If it is used, it is detached.
   * @returns The bytes, at the beginning of the room's memory if that was used. Rejects with the error of a stream that breaks
   * off.
   */
  read(room?: Uint8Array<ArrayBuffer>): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#into === undefined) return this.#plain!.read();
    return room === undefined ? this.#readCopy(this.#into) : this.#into.read(room);
  }

  /** Reads into the own buffer, and copies the bytes: many small chunks may wait, and must not hold a large buffer each. */
  async #readCopy(reader: ReadableStreamBYOBReader): Promise<ReadableStreamReadResult<Uint8Array>> {
    const result = await reader.read(this.#own ?? new Uint8Array(OWN_BYTES));
    if (result.done) return result;
    this.#own = new Uint8Array(result.value.buffer);
    return { done: false, value: result.value.slice() };
  }

  /** Cancels the stream. */
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

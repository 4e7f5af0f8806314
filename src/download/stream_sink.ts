/**
 * Writes a download to a stream.
 *
 * @module
 */

import { messageOf, WriteError } from "../errors.ts";
import type { DownloadSink } from "./download_sink.ts";

/**
 * Writes to a stream, no faster than the stream takes chunks. Closes the stream at the end, and aborts it after a failure, as
 * `pipeTo` does.
 */
export class StreamSink implements DownloadSink {
  readonly path: undefined = undefined;
  readonly earlier: undefined = undefined;
  position = 0;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Whether the stream has a buffer. A stream without one never becomes `ready`: there, wait until each chunk is written. */
  readonly #buffers: boolean;
  #hasEnded = false;

  /**
   * Creates a sink, which locks the stream.
   *
   * @param stream The stream.
   * @param onBreak Called at once when the stream fails, even while the download waits for a response.
   * @throws {TypeError} If it is locked.
   */
  constructor(stream: WritableStream<Uint8Array>, onBreak: (error: WriteError) => void) {
    if (stream.locked) throw new TypeError("Cannot download as the stream in 'to' must not be locked");
    this.#writer = stream.getWriter();
    this.#buffers = this.#hasRoom;
    const onClosed = (): never => {
      throw new TypeError("it is closed already");
    };
    this.#writer.closed.then(onClosed).catch((error) =>
      this.#hasEnded ? undefined : onBreak(streamError(error))
    );
    this.#writer.ready.catch(() => {});
  }

  begin(): Promise<boolean> {
    // The sink cannot take back the bytes that it has given to the stream.
    return Promise.resolve(this.position === 0);
  }

  async goOn(): Promise<void> {}

  async *readBack(): AsyncIterable<Uint8Array> {}

  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.position += chunk.length;
    const written = this.#writer.write(chunk);
    // `ready` rejects with the same error.
    written.catch(() => {});
    if (this.#hasRoom) return undefined;
    return this.#settled(this.#buffers ? this.#writer.ready : written);
  }

  get #hasRoom(): boolean {
    const { desiredSize } = this.#writer;
    return desiredSize !== null && desiredSize > 0;
  }

  async finish(): Promise<void> {
    this.#hasEnded = true;
    await this.#settled(this.#writer.close());
    this.#writer.releaseLock();
  }

  abandon(_keeps: boolean, reason: unknown): Promise<void> {
    this.#hasEnded = true;
    // The abort may have to wait for a write in flight. Do not wait for that.
    this.#writer.abort(reason).catch(() => {});
    this.#writer.ready.catch(() => {});
    this.#writer.closed.catch(() => {});
    this.#writer.releaseLock();
    return Promise.resolve();
  }

  async #settled(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      throw streamError(error);
    }
  }
}

function streamError(cause: unknown): WriteError {
  const why = messageOf(cause);
  return new WriteError(`Cannot download as the stream has failed: ${why}`, { cause });
}

/**
 * A stream that a download goes to.
 *
 * @module
 */

import { WriteError } from "../errors.ts";
import { messageOf } from "../primitives/message_of.ts";
import type { DownloadSink } from "./download_sink.ts";

/** Writes to a stream no faster than it takes. At the end it is closed, and after a failure aborted, as `pipeTo` does. */
export class StreamSink implements DownloadSink {
  readonly path: undefined = undefined;
  readonly earlier: undefined = undefined;
  position = 0;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Whether it has room for a chunk before that is written. One that has none never says that it is ready. */
  readonly #buffers: boolean;
  #hasEnded = false;

  /**
   * Takes a stream over.
   *
   * @param stream The stream.
   * @param onBreak Told at once when the stream fails, whatever is waited for.
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
    // What it has been given can't be taken back.
    return Promise.resolve(this.position === 0);
  }

  async goOn(): Promise<void> {}

  async *readBack(): AsyncIterable<Uint8Array> {}

  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.position += chunk.length;
    const written = this.#writer.write(chunk);
    // What it fails of comes by way of `ready`, too.
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
    // It may have to end a write first, which is not waited for.
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

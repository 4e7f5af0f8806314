/**
 * The body of a response that a caller reads, at the caller's pace.
 *
 * @module
 */

import { contentLength } from "./body.ts";
import { type BodyCollector, concatenate } from "./body_collector.ts";
import { ByteReader } from "./byte_reader.ts";
import { chunkBytes } from "./chunk_bytes.ts";

/** How a body is received. */
export interface BodyReceiverOptions {
  /** The largest body that is let through, in bytes as they are read; `Infinity` for any. */
  readonly maxBytes: number;
  /** Makes the error that a larger body breaks off with. */
  readonly onTooLarge: () => Error;
  /** Makes the error that the reader gets when the body breaks off. */
  readonly onBreak: (error: unknown) => unknown;
  /** Called once, when the last byte has come, or none will come any more; with the number of bytes that came. */
  readonly onEnd: (bytes: number) => void;
  /** Stops what sends the body: one that is being read as a whole can't be cancelled. */
  readonly onStop?: (() => void) | undefined;
  /** Called when the reader begins to wait for the next bytes, and when it has them. */
  readonly onWait?: ((isWaiting: boolean) => void) | undefined;
  /** Called with the length of every chunk that comes. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Gets every chunk that comes. */
  readonly collector?: BodyCollector | undefined;
  /** Whether a small body comes as one chunk, which costs less. What has come of one that breaks off is lost then. */
  readonly joinsSmall?: boolean | undefined;
  /** Whether the response was constructed, and not fetched: then its chunks may belong to the program, and its head may say anything. */
  readonly isMade: boolean;
}

/** So many bytes come at once, or nearly so. */
const SMALL_BYTES = 16_384;

/**
 * Receives a body for one reader, chunk by chunk. The response is not touched before the first chunk is wanted: on Bun even to look at
 * its body would keep the process alive. The body has ended when its last byte has come, whether that has been read or not.
 */
export class BodyReceiver {
  readonly #response: Response;
  readonly #options: BodyReceiverOptions;
  #reader: ByteReader | undefined;
  /** What has come and was not read yet. */
  readonly #ahead: Uint8Array[] = [];
  /** What the body has broken off with. Only the receiver writes it. */
  failure: { readonly reason: unknown } | undefined;
  /** Called when the body has ended as well, by the owner of the stream that it goes to. */
  onOver: (() => void) | undefined;
  #isReceiving = false;
  /** Whether it is being read as a whole. */
  #isLocked = false;
  #joinsSmall: boolean;
  #bytes = 0;
  #hasEnded = false;
  #isCancelled = false;
  #wakeReader: (() => void) | undefined;
  #isAhead = false;
  #wakeAhead: (() => void) | undefined;

  /** Takes over a body of which nothing was read. */
  constructor(response: Response, options: BodyReceiverOptions) {
    this.#response = response;
    this.#options = options;
    this.#joinsSmall = options.joinsSmall ?? false;
  }

  /** Whether nothing comes any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * The next chunk, in order; one call at a time.
   *
   * @param room Where it may be put. It is detached then: the chunk is at its beginning, in a buffer of the same memory.
   * @returns The chunk, which is the caller's own; `undefined` after the last one.
   * @throws {unknown} Rejects, with what the body broke off with, or was broken off with.
   */
  async next(room?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#ahead.length === 0) {
      if (this.failure !== undefined) throw this.failure.reason;
      if (this.#hasEnded) return undefined;
      this.#options.onWait?.(true);
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
        this.#receive(room);
      });
      this.#options.onWait?.(false);
    }
    if (this.failure !== undefined) throw this.failure.reason;
    return this.#ahead.shift() as Uint8Array<ArrayBuffer>;
  }

  /**
   * All of the body, instead of one chunk after the other.
   *
   * @returns The bytes, which are the caller's own.
   * @throws {unknown} Rejects, as {@linkcode BodyReceiver.next} does.
   */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    this.#joinsSmall = true;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) chunks.push(chunk);
    return chunks.length === 1 ? chunks[0]! : concatenate(chunks, this.#bytes);
  }

  /**
   * Receives what was not read yet, so that the body may end.
   *
   * @param maxBytes When so many bytes wait to be read, it stops.
   */
  async receiveAhead(maxBytes: number): Promise<void> {
    let held = this.#ahead.reduce((bytes, { length }) => bytes + length, 0);
    this.#isAhead = true;
    while (this.#isAhead && !this.#hasEnded && held < maxBytes) {
      const before = this.#bytes;
      await new Promise<void>((resolve) => {
        this.#wakeAhead = resolve;
        this.#receive();
      });
      held += this.#bytes - before;
    }
  }

  /** Stops {@linkcode BodyReceiver.receiveAhead}. */
  stopAhead(): void {
    this.#isAhead = false;
    this.#wakeAhead?.();
    this.#wakeAhead = undefined;
  }

  /** The reader wants no more. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#hasEnded || this.#isCancelled) return;
    this.#isCancelled = true;
    try {
      await this.#cancelSource(reason);
    } finally {
      this.#end(false);
    }
  }

  /** Breaks the body off, with the reason for its reader. */
  fail(reason: unknown): void {
    if (this.#hasEnded) return;
    this.failure = { reason };
    this.#options.collector?.fail(reason);
    // First of all, for the permit goes to another request as soon as it has ended. What becomes of it does not matter.
    this.#cancelSource(reason)?.catch(() => {});
    this.#end(false);
    this.#wake();
  }

  #cancelSource(reason: unknown): Promise<void> | undefined {
    if (this.#isLocked) this.#options.onStop?.();
    else return (this.#reader ?? this.#response.body)?.cancel(reason);
  }

  #receive(room?: Uint8Array<ArrayBuffer>): void {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    this.#receiveChunk(room);
  }

  /** Never rejects. */
  async #receiveChunk(room: Uint8Array<ArrayBuffer> | undefined): Promise<void> {
    try {
      if (
        this.#reader === undefined && this.#joinsSmall && !this.#options.isMade && isSmall(this.#response)
      ) {
        return await this.#receiveWhole();
      }
      this.#reader ??= this.#open(room !== undefined);
      const result = await this.#reader?.read(room);
      if (!this.#hasEnded && !this.#isCancelled) {
        this.#take(result?.done === false ? result.value : undefined);
      }
    } catch (error) {
      if (this.#hasEnded) return;
      // First of all, for the attempt may end with it.
      this.#options.collector?.fail(error);
      // The reader is told of it.
      this.fail(this.#options.onBreak(error));
    } finally {
      this.#isReceiving = false;
      this.#wake();
    }
  }

  #open(hasRoom: boolean): ByteReader | undefined {
    const { body } = this.#response;
    // The end of one that was cancelled meanwhile looks like that of one that has come whole.
    if (this.#options.isMade && this.#response.bodyUsed) {
      throw new TypeError("The body of the response was read, or cancelled, before the caller read it");
    }
    // What a program has constructed may give anything for bytes.
    return body === null ? undefined : new ByteReader(body, hasRoom && !this.#options.isMade);
  }

  async #receiveWhole(): Promise<void> {
    this.#isLocked = true;
    const body = new Uint8Array(await this.#response.arrayBuffer());
    this.#isLocked = false;
    if (this.#hasEnded || this.#isCancelled) return;
    this.#take(body);
    if (!this.#hasEnded) this.#end(true);
  }

  #take(given: Uint8Array | undefined): void {
    if (given === undefined) return this.#end(true);
    const chunk = chunkBytes(given);
    if (chunk.length === 0) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBytes) return this.fail(this.#options.onTooLarge());
    this.#options.onBytes?.(chunk.length);
    this.#options.collector?.add(chunk);
    // The stream that it goes to takes the buffer away.
    this.#ahead.push(this.#options.isMade ? chunk.slice() : chunk);
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
    this.#wakeAhead?.();
    this.#wakeAhead = undefined;
  }

  #end(isComplete: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.collector?.end(isComplete);
    this.onOver?.();
    this.#options.onEnd(this.#bytes);
  }
}

/** Whether a body is known to be small; what is compressed may become large. */
function isSmall({ headers }: Response): boolean {
  return (contentLength(headers) ?? Infinity) <= SMALL_BYTES && !headers.has("content-encoding");
}

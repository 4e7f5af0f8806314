/**
 * Receives the body of a response at the pace of the caller that reads it.
 *
 * @module
 */

import { contentLength } from "./body.ts";
import type { BodyCollector } from "./body_collector.ts";
import { ByteReader } from "./byte_reader.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import { concatenate } from "./concatenate.ts";

/** Options of {@linkcode BodyReceiver}. */
export interface BodyReceiverOptions {
  /** The largest accepted body, in decoded bytes; `Infinity` for any. */
  readonly maxBytes: number;
  /** Makes the error with which a larger body breaks off. */
  readonly onTooLarge: () => Error;
  /** Turns the error of a body that breaks off into the one that the reader gets. */
  readonly onBreak: (error: unknown) => unknown;
  /** Called once, when the last byte has arrived or no more will arrive, with the number of bytes received. */
  readonly onEnd: (bytes: number) => void;
  /** Stops the sender of the body, because a body that is being read as a whole cannot be cancelled. */
  readonly onStop?: (() => void) | undefined;
  /** Called with `true` when the reader begins to wait for the next bytes, and with `false` when it has them. */
  readonly onWait?: ((isWaiting: boolean) => void) | undefined;
  /** Called with the length of every chunk. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Gets every chunk. */
  readonly collector?: BodyCollector | undefined;
  /** Whether to receive a small body as one chunk, which costs less. If it breaks off, the bytes that have arrived are lost. */
  readonly joinsSmall?: boolean | undefined;
  /**
   * Whether the program has constructed the response, so that its chunks may belong to the program, and its headers may be wrong.
   */
  readonly isMade: boolean;
}

/** The largest body that counts as small, in bytes: it usually arrives at once. */
const SMALL_BYTES = 16_384;

/**
 * Receives a body for one reader, chunk by chunk. It does not touch the response before the reader wants the first chunk, because
 * in Bun even access to `body` would keep the process alive. The body has ended when its last byte has arrived, even if the
 * reader has not read it yet.
 */
export class BodyReceiver {
  readonly #response: Response;
  readonly #options: BodyReceiverOptions;
  #reader: ByteReader | undefined;
  /** The chunks that have arrived and were not read yet. */
  readonly #ahead: Uint8Array[] = [];
  /** The error with which the body has broken off. Only the receiver writes this field. */
  failure: { readonly reason: unknown } | undefined;
  /** Also called when the body has ended; set by the owner of the stream that the body goes to. */
  onOver: (() => void) | undefined;
  #isReceiving = false;
  /** Whether the body is being read as a whole. */
  #isLocked = false;
  #joinsSmall: boolean;
  /** Whether the body is small; absent while that does not matter. */
  #isKnownSmall: boolean | undefined;
  #bytes = 0;
  #hasEnded = false;
  #isCancelled = false;
  #wakeReader: (() => void) | undefined;
  #isAhead = false;
  #wakeAhead: (() => void) | undefined;

  /** Creates a receiver for an unread body. */
  constructor(response: Response, options: BodyReceiverOptions) {
    this.#response = response;
    this.#options = options;
    this.#joinsSmall = options.joinsSmall ?? false;
  }

  /** Whether the body has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Gives the next chunk, in order; one call at a time.
   *
   * @param room A buffer for the chunk. If it is used, it is detached: the chunk then lies at the beginning of the same memory.
   * @returns The chunk, which then belongs to the caller; `undefined` after the last one.
   * @throws {unknown} Rejects with the error of a body that breaks off, or with the reason of {@linkcode BodyReceiver.fail}.
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
   * Begins to receive a small body that is received as one chunk, before its reader asks for it.
   *
   * @returns Whether the body is such a one.
   */
  receiveSmall(): boolean {
    if (!this.#isSmall()) return false;
    this.#receive();
    return true;
  }

  /**
   * Gives the whole body, instead of one chunk after the other.
   *
   * @returns The bytes, which then belong to the caller.
   * @throws {unknown} Rejects, as {@linkcode BodyReceiver.next} does.
   */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    this.#joinsSmall = true;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) chunks.push(chunk);
    return chunks.length === 1 ? chunks[0]! : concatenate(chunks, this.#bytes);
  }

  /**
   * Receives chunks that the reader has not asked for yet, so that the body can end.
   *
   * @param maxBytes Stops once more bytes than this wait for the reader.
   */
  async receiveAhead(maxBytes: number): Promise<void> {
    let held = this.#ahead.reduce((bytes, { length }) => bytes + length, 0);
    this.#isAhead = true;
    while (this.#isAhead && !this.#hasEnded && held <= maxBytes) {
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

  /** Cancels the body, because the reader wants no more. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#hasEnded || this.#isCancelled) return;
    this.#isCancelled = true;
    try {
      await this.#cancelSource(reason);
    } finally {
      this.#end(false);
    }
  }

  /** Breaks the body off. The reader gets the reason. */
  fail(reason: unknown): void {
    if (this.#hasEnded) return;
    this.failure = { reason };
    this.#options.collector?.fail(reason);
    // Cancel before the end is reported: at the end, the permit goes to another request. The outcome of the cancellation does not
    // matter.
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

  /** Receives one chunk. Never rejects. */
  async #receiveChunk(room: Uint8Array<ArrayBuffer> | undefined): Promise<void> {
    try {
      if (this.#reader === undefined && this.#isSmall()) return await this.#receiveWhole();
      this.#reader ??= this.#open(room !== undefined);
      const result = await this.#reader?.read(room);
      if (!this.#hasEnded && !this.#isCancelled) {
        this.#take(result?.done === false ? result.value : undefined);
      }
    } catch (error) {
      if (this.#hasEnded) return;
      // Tell the collector before the end is reported, because the attempt may end with that.
      this.#options.collector?.fail(error);
      // The reader gets the error.
      this.fail(this.#options.onBreak(error));
    } finally {
      this.#isReceiving = false;
      this.#wake();
    }
  }

  /** Whether the body is received as one chunk. */
  #isSmall(): boolean {
    return this.#joinsSmall && (this.#isKnownSmall ??= !this.#options.isMade && isSmall(this.#response));
  }

  #open(hasRoom: boolean): ByteReader | undefined {
    const { body } = this.#response;
    // A body that was cancelled meanwhile ends like a body that has arrived whole.
    if (this.#options.isMade && this.#response.bodyUsed) {
      throw new TypeError("The body of the response was read, or cancelled, before the caller read it");
    }
    // The stream of a constructed response may give chunks of any type, so read it without a buffer.
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
    // Copy a chunk of the program's, because the reader's stream detaches its buffer. Only a program gives other chunks than
    // plain bytes.
    this.#ahead.push(this.#options.isMade || chunk !== given ? chunk.slice() : chunk);
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

/** Whether a body is known to be small; a compressed one may become large. */
function isSmall({ headers }: Response): boolean {
  return (contentLength(headers) ?? Infinity) <= SMALL_BYTES && !headers.has("content-encoding");
}

/**
 * Joins many small writes to a few large ones.
 *
 * @module
 */

import type { DiskFile } from "../runtime/disk/contract.ts";

/** How much is written at once, in bytes. As much again may wait during a write. */
const BATCH_BYTES = 262_144;
/**
 * The size of a buffer for one read, in bytes. A chunk of less than an eighth of it is copied, so that the buffer is free again.
 */
const ROOM_BYTES = 524_288;
const SMALL_BYTES = ROOM_BYTES / 8;
/** How many buffers are kept for reuse: one for the next read, one that waits, and one that is being written. */
const MAX_SPARE = 3;
/**
 * After this time, less than a batch is written, too, in milliseconds: a slow transfer loses no more than that if the process is
 * killed.
 */
const BATCH_MS = 20;

/** Writes chunks to a file in order, without copying large ones. New chunks wait while earlier ones are written. */
export class WriteQueue {
  readonly #file: DiskFile;
  readonly #wallNow: () => number;
  #writtenAtMs: number;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #waitingBytes = 0;
  #position: number;
  #writing: Promise<void> | undefined;
  /** The buffer for the next chunk. Once it is detached, the next chunk lies in its memory. */
  #room: Uint8Array<ArrayBuffer> | undefined;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  /** The chunks whose buffers can be used again after their write. */
  readonly #lent = new Set<Uint8Array<ArrayBuffer>>();
  #failure: { readonly error: unknown } | undefined;

  /**
   * Creates a queue that writes from a position on.
   *
   * @param file The file.
   * @param position The position of the first chunk in the file.
   * @param wallNow Gives the time, in milliseconds since 1970.
   */
  constructor(file: DiskFile, position: number, wallNow: () => number) {
    this.#file = file;
    this.#position = position;
    this.#wallNow = wallNow;
    this.#writtenAtMs = wallNow();
  }

  /** Returns a buffer for the next chunk, which goes to its beginning. It is the same buffer until it is detached. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#room === undefined || this.#room.length === 0) {
      this.#room = this.#spare.pop() ?? new Uint8Array(ROOM_BYTES);
    }
    return this.#room;
  }

  /**
   * Takes a chunk.
   *
   * @returns A promise if enough bytes wait, or have waited for long; it resolves when the queue takes more. Rejects if a write
   * has failed.
   */
  add(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.#chunks.push(this.#isInRoom() ? this.#keepRoom(chunk) : chunk);
    this.#waitingBytes += chunk.length;
    return this.#waitingBytes < BATCH_BYTES && !this.#isLate() ? undefined : this.#writeWaiting();
  }

  #isInRoom(): boolean {
    return this.#room !== undefined && this.#room.length === 0;
  }

  /** Takes a chunk out of the room. Copies a small one, because it would hold far more memory than it needs. */
  #keepRoom(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#room = undefined;
    if (chunk.length >= SMALL_BYTES) {
      this.#lent.add(chunk);
      return chunk;
    }
    const copy = chunk.slice();
    this.#room = new Uint8Array(chunk.buffer);
    return copy;
  }

  /**
   * Whether chunks have waited for long although no write is in flight. After the clock was set back, that time is unknown, so
   * the answer is yes.
   */
  #isLate(): boolean {
    if (this.#writing !== undefined) return false;
    const waitedMs = this.#wallNow() - this.#writtenAtMs;
    return waitedMs >= BATCH_MS || waitedMs < 0;
  }

  /** Writes all waiting chunks. Rejects if a write has failed. */
  async flush(): Promise<void> {
    if (this.#waitingBytes > 0) await this.#writeWaiting();
    await this.#writing;
    this.#throwFailure();
  }

  async #writeWaiting(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
    const chunks = this.#chunks;
    this.#chunks = [];
    const position = this.#position;
    this.#position += this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#writing = this.#write(chunks, position);
  }

  /** Writes chunks. Never rejects: the next `add` or `flush` reports a failure. */
  async #write(chunks: readonly Uint8Array<ArrayBuffer>[], position: number): Promise<void> {
    try {
      await this.#file.write(chunks, position);
    } catch (error) {
      this.#failure = { error };
    }
    for (const chunk of chunks) {
      if (this.#lent.delete(chunk) && this.#spare.length < MAX_SPARE) {
        this.#spare.push(new Uint8Array(chunk.buffer));
      }
    }
    this.#writtenAtMs = this.#wallNow();
    this.#writing = undefined;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

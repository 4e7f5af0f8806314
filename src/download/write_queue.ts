/**
 * Few large writes in place of many small ones.
 *
 * @module
 */

import type { DiskFile } from "../runtime/disk/contract.ts";

/** So much is written at once, in bytes; as much again may have come meanwhile. */
const BATCH_BYTES = 262_144;
/** So much may be read at once, in bytes; less than an eighth of it is copied, so that its memory is free. */
const ROOM_BYTES = 524_288;
const SMALL_BYTES = ROOM_BYTES / 8;
/** So many buffers are kept: what is read next, what waits and what is written. */
const MAX_SPARE = 3;
/** Less is written when so much time has passed, in milliseconds: no more of a slow transfer is lost if the process is killed. */
const BATCH_MS = 20;

/** Writes chunks to a file one behind the other, without copying large ones: some wait while the ones before are written. */
export class WriteQueue {
  readonly #file: DiskFile;
  readonly #wallNow: () => number;
  #writtenAtMs: number;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #waitingBytes = 0;
  #position: number;
  #writing: Promise<void> | undefined;
  /** Where the next chunk may be put; it has been if it is detached. */
  #room: Uint8Array<ArrayBuffer> | undefined;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  /** The chunks whose memory is to be used again. */
  readonly #lent = new Set<Uint8Array<ArrayBuffer>>();
  #failure: { readonly error: unknown } | undefined;

  /**
   * Writes from a position on.
   *
   * @param file The file.
   * @param position Where in it.
   * @param wallNow The time, in milliseconds since 1970.
   */
  constructor(file: DiskFile, position: number, wallNow: () => number) {
    this.#file = file;
    this.#position = position;
    this.#wallNow = wallNow;
    this.#writtenAtMs = wallNow();
  }

  /** Where the next chunk is best put, at its beginning; it is the same one as before until it is detached. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#room === undefined || this.#room.length === 0) {
      this.#room = this.#spare.pop() ?? new Uint8Array(ROOM_BYTES);
    }
    return this.#room;
  }

  /**
   * Takes a chunk.
   *
   * @returns A promise if enough waits, or for long; it settles when there is room. Rejects when a write has failed.
   */
  add(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.#chunks.push(this.#isInRoom() ? this.#keepRoom(chunk) : chunk);
    this.#waitingBytes += chunk.length;
    return this.#waitingBytes < BATCH_BYTES && !this.#isLate() ? undefined : this.#writeWaiting();
  }

  #isInRoom(): boolean {
    return this.#room !== undefined && this.#room.length === 0;
  }

  /** Keeps a chunk that was put in the room: a small one would hold far more memory than it needs. */
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

  /** Whether what waits was left waiting for nothing. A clock that was put back tells nothing. */
  #isLate(): boolean {
    if (this.#writing !== undefined) return false;
    const waitedMs = this.#wallNow() - this.#writtenAtMs;
    return waitedMs >= BATCH_MS || waitedMs < 0;
  }

  /** Writes all that waits. Rejects when a write has failed. */
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

  /** Never rejects: the caller that adds or flushes is told. */
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

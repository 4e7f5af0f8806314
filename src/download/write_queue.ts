/**
 * Few large writes in place of many small ones.
 *
 * @module
 */

import type { DiskFile } from "../runtime/disk/contract.ts";

/** So much is written at once, in bytes; as much again may have come meanwhile. */
const BATCH_BYTES = 1_048_576;
/** Less is written when so much time has passed, in milliseconds: no more of a slow transfer is lost if the process is killed. */
const BATCH_MS = 20;

/** Writes chunks to a file one behind the other, without copying them: some wait while the ones before are written. */
export class WriteQueue {
  readonly #file: DiskFile;
  readonly #wallNow: () => number;
  #writtenAtMs: number;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #position: number;
  #writing: Promise<void> | undefined;
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

  /**
   * Takes a chunk.
   *
   * @returns A promise if enough waits, or for long; it settles when there is room. Rejects when a write has failed.
   */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    return this.#waitingBytes < BATCH_BYTES && !this.#isLate() ? undefined : this.#writeWaiting();
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
  async #write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    try {
      await this.#file.write(chunks, position);
    } catch (error) {
      this.#failure = { error };
    }
    this.#writtenAtMs = this.#wallNow();
    this.#writing = undefined;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

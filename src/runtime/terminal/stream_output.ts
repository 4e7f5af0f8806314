/**
 * An output stream over a runtime's own way to write.
 *
 * @module
 */

import type { TerminalOutput } from "./contract.ts";

/** What a runtime brings. */
export interface StreamOutputSource {
  readonly isTerminal: boolean;
  /** The width in columns; `undefined`, 0 or an error when it isn't known. */
  readonly columns: () => number | undefined;
  /** Writes all of the bytes. */
  readonly writeAll: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Whether an error of `writeAll` says that the reader has gone. */
  readonly isClosed: (error: unknown) => boolean;
}

const DEFAULT_COLUMNS = 80;

/**
 * Writes in the order of the calls, keeps quiet once the reader has gone, and writes nothing behind what could not be written: that may be
 * torn.
 */
export class StreamOutput implements TerminalOutput {
  readonly isTerminal: boolean;
  readonly #source: StreamOutputSource;
  readonly #encoder = new TextEncoder();
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Wraps a source. */
  constructor(source: StreamOutputSource) {
    this.isTerminal = source.isTerminal;
    this.#source = source;
  }

  columns(): number {
    try {
      return this.#source.columns() || DEFAULT_COLUMNS;
    } catch {
      // No terminal to ask.
      return DEFAULT_COLUMNS;
    }
  }

  write(data: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
    const written = this.#tail.then(() => this.#write(data));
    this.#tail = written;
    return written;
  }

  async #write(data: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.#closed) return false;
    try {
      // A text that waits for its turn is not there twice.
      await this.#source.writeAll(typeof data === "string" ? this.#encoder.encode(data) : data);
      return true;
    } catch (error) {
      if (!this.#source.isClosed(error)) throw error;
      this.#closed = true;
      return false;
    }
  }
}

/**
 * An output stream over the runtime's own stream.
 *
 * @module
 */

import type { TerminalOutput } from "./contract.ts";

/** The runtime's own stream. */
export interface StreamOutputSource {
  readonly isTerminal: boolean;
  /** Returns the width in columns; returns `undefined` or 0, or throws, if it isn't known. */
  readonly columns: () => number | undefined;
  /** Writes all of the bytes. */
  readonly writeAll: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Returns whether an error of `writeAll` means that the reader has closed the stream. */
  readonly isClosed: (error: unknown) => boolean;
}

const DEFAULT_COLUMNS = 80;

/**
 * Writes in the order of the calls. Once the reader has closed the stream, every write resolves with `false`. After another
 * failure all later writes fail too, because the data before them may be torn.
 */
export class StreamOutput implements TerminalOutput {
  readonly isTerminal: boolean;
  readonly #source: StreamOutputSource;
  readonly #encoder = new TextEncoder();
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Creates an output over the runtime's own stream. */
  constructor(source: StreamOutputSource) {
    this.isTerminal = source.isTerminal;
    this.#source = source;
  }

  columns(): number {
    try {
      return this.#source.columns() || DEFAULT_COLUMNS;
    } catch {
      // There is no terminal to ask.
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
      // Text is encoded only when its turn comes, so that waiting text is not in memory twice.
      await this.#source.writeAll(typeof data === "string" ? this.#encoder.encode(data) : data);
      return true;
    } catch (error) {
      if (!this.#source.isClosed(error)) throw error;
      this.#closed = true;
      return false;
    }
  }
}

/**
 * Splits the chunks of a body into lines.
 *
 * @module
 */

import { concatenate } from "../http/concatenate.ts";

const LF = 0x0a;
const CR = 0x0d;
const BOM = [0xef, 0xbb, 0xbf];
const ANY_END = /\r\n|\n|\r/;
const NONE: readonly string[] = [];

/** Options of {@linkcode LineSplitter}. */
export interface LineSplitterOptions {
  /** The longest accepted line, in bytes, without its end. */
  readonly maxLineBytes: number;
  /** Whether a CR alone ends a line as well, besides LF and CRLF. */
  readonly endsAtCr: boolean;
}

/**
 * Splits UTF-8 text into lines, wherever its chunks begin and end. It drops a byte order mark at the beginning, and replaces
 * invalid UTF-8 by U+FFFD. It holds only the line without an end, as bytes, so that no character is cut and no byte is decoded
 * twice.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #endsAtCr: boolean;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The beginning of a line; only the first `#heldBytes` count. */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** How many bytes of the body came before the held ones. */
  #offset = 0;
  #isFirst = true;
  /** Whether a CR has ended the last chunk, so that an LF at the start of the next one belongs to it. */
  #skipsLf = false;
  #tooLongAt: number | undefined;

  /** Creates a splitter for a new body. */
  constructor({ maxLineBytes, endsAtCr }: LineSplitterOptions) {
    this.#maxLineBytes = maxLineBytes;
    this.#endsAtCr = endsAtCr;
  }

  /**
   * Where the first line that is too long begins, in bytes from the beginning of the body. The splitter gives no lines after
   * that.
   */
  get tooLongAt(): number | undefined {
    return this.#tooLongAt;
  }

  /**
   * Takes a chunk.
   *
   * @param chunk The chunk; it is not kept.
   * @returns The lines that the chunk completes, without their ends.
   */
  push(chunk: Uint8Array<ArrayBuffer>): readonly string[] {
    if (this.#tooLongAt !== undefined || chunk.length === 0) return NONE;
    const start = this.#skipsLf && chunk[0] === LF ? 1 : 0;
    this.#skipsLf = false;
    this.#offset += start;
    const end = this.#lastEnd(chunk);
    if (end <= start) {
      this.#hold(chunk.subarray(start));
      return NONE;
    }
    this.#skipsLf = this.#endsAtCr && end === chunk.length && chunk[end - 1] === CR;
    const lines = this.#split(this.#takeHeld(chunk.subarray(start, end)));
    this.#hold(chunk.subarray(end));
    return lines;
  }

  /**
   * Ends the body.
   *
   * @returns The last line, if it had no end.
   */
  end(): string | undefined {
    if (this.#heldBytes === 0 || this.#tooLongAt !== undefined) return undefined;
    const bytes = this.#takeHeld(new Uint8Array(0));
    // A body of only a byte order mark has no line.
    if (bytes.length <= this.#maxLineBytes) return this.#decode(bytes) || undefined;
    this.#tooLongAt = this.#offset;
    return undefined;
  }

  /** Returns the position after the last line end; 0 if there is none. */
  #lastEnd(chunk: Uint8Array): number {
    const end = chunk.lastIndexOf(LF) + 1;
    return this.#endsAtCr ? Math.max(end, chunk.lastIndexOf(CR) + 1) : end;
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#tooLongAt !== undefined) return;
    const length = this.#heldBytes + bytes.length;
    // The CR may be the first half of a CRLF.
    const ending = bytes[bytes.length - 1] === CR ? 1 : 0;
    if (length - ending > this.#maxLineBytes) {
      this.#tooLongAt = this.#offset;
      this.#held = new Uint8Array(0);
      return;
    }
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  /** Joins the held bytes with those that follow. */
  #takeHeld(rest: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#heldBytes === 0) return rest;
    const joined = concatenate([this.#held.subarray(0, this.#heldBytes), rest]);
    this.#heldBytes = 0;
    return joined;
  }

  /** Splits complete lines, of which the last one has its end. */
  #split(bytes: Uint8Array<ArrayBuffer>): readonly string[] {
    const tooLong = bytes.length > this.#maxLineBytes ? this.#findTooLong(bytes) : -1;
    if (tooLong !== -1) this.#tooLongAt = this.#offset + tooLong;
    if (tooLong === 0) return NONE;
    this.#offset += bytes.length;
    const text = this.#decode(tooLong === -1 ? bytes : bytes.subarray(0, tooLong));
    const lines = text.split(this.#endsAtCr && text.includes("\r") ? ANY_END : "\n");
    // The part after the last line end is empty.
    lines.pop();
    if (!this.#endsAtCr && text.includes("\r\n")) {
      for (let index = 0; index < lines.length; index++) {
        const line = lines[index]!;
        if (line.endsWith("\r")) lines[index] = line.slice(0, -1);
      }
    }
    return lines;
  }

  /** Returns where the first line that is too long begins; -1 if there is none. */
  #findTooLong(bytes: Uint8Array): number {
    let start = 0;
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index];
      if (byte !== LF && !(byte === CR && this.#endsAtCr)) continue;
      const ending = byte === LF && bytes[index - 1] === CR ? 1 : 0;
      if (index - ending - start > this.#maxLineBytes) return start;
      start = index + 1;
    }
    return -1;
  }

  #decode(bytes: Uint8Array<ArrayBuffer>): string {
    const hasMark = this.#isFirst && BOM.every((byte, index) => bytes[index] === byte);
    this.#isFirst = false;
    return this.#decoder.decode(hasMark ? bytes.subarray(BOM.length) : bytes);
  }
}

/**
 * Reads messages of known length or with a known end from a socket.
 *
 * @module
 */

import { concatenate } from "../http/concatenate.ts";
import type { Socket } from "../runtime/transport/contract.ts";

const NO_BYTES = new Uint8Array(0);
const LF = 10;
const CR = 13;

/** Reads as many bytes as the caller wants, and keeps the rest. */
export class SocketReader {
  readonly #socket: Socket;
  #held: Uint8Array = NO_BYTES;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Returns the bytes that were read and not taken, and forgets them. */
  takeRest(): Uint8Array {
    const rest = this.#held;
    this.#held = NO_BYTES;
    return rest;
  }

  /** Reads exactly `count` bytes; `undefined` if the socket ends before that. */
  async take(count: number): Promise<Uint8Array | undefined> {
    while (this.#held.length < count) if (!await this.#more()) return undefined;
    return this.#cut(count);
  }

  /**
   * Reads up to an empty line, which ends the head of an HTTP message (RFC 9112 §2.1).
   *
   * @param maxBytes The maximum length of the head, in bytes.
   * @returns The head; `undefined` if the socket ends before that, or the head is too long.
   */
  async takeHead(maxBytes: number): Promise<string | undefined> {
    for (;;) {
      const end = endOfHead(this.#held);
      if (end !== -1 && end <= maxBytes) return new TextDecoder("latin1").decode(this.#cut(end));
      if (this.#held.length > maxBytes || !await this.#more()) return undefined;
    }
  }

  #cut(count: number): Uint8Array {
    const bytes = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return bytes;
  }

  async #more(): Promise<boolean> {
    const bytes = await this.#socket.read();
    if (bytes === undefined) return false;
    this.#held = concatenate([this.#held, bytes]);
    return true;
  }
}

/** Returns the index behind the empty line that ends a head, searched from an index on; -1 if there is none yet. */
export function endOfHead(bytes: Uint8Array, from = 0): number {
  for (let index = bytes.indexOf(LF, from); index !== -1; index = bytes.indexOf(LF, index + 1)) {
    if (bytes[index + 1] === LF) return index + 2;
    if (bytes[index + 1] === CR && bytes[index + 2] === LF) return index + 3;
  }
  return -1;
}

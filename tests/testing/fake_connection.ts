/**
 * A connection without a network.
 *
 * @module
 */

import type { TcpConnection } from "../../src/runtime/server/contract.ts";

/** A connection whose client is the test. */
export class FakeConnection implements TcpConnection {
  /** How the server ended it. */
  ending: "close" | "destroy" | undefined;
  /** What the server wrote, as text. */
  written = "";
  readonly #received: (Uint8Array | undefined)[] = [];
  #resolveRead: ((bytes: Uint8Array | undefined) => void) | undefined;

  read(): Promise<Uint8Array | undefined> {
    if (this.#received.length > 0) return Promise.resolve(this.#received.shift());
    return new Promise((resolve) => this.#resolveRead = resolve);
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.ending === undefined) this.written += new TextDecoder().decode(bytes);
    return Promise.resolve(this.ending === undefined);
  }

  close(): void {
    this.#end("close");
  }

  destroy(): void {
    this.#end("destroy");
  }

  /** Sends text, as the client. */
  send(text: string): void {
    this.#deliver(new TextEncoder().encode(text));
  }

  /** Leaves, as the client. */
  leave(): void {
    this.#deliver(undefined);
  }

  #end(ending: "close" | "destroy"): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    this.#deliver(undefined);
  }

  #deliver(bytes: Uint8Array | undefined): void {
    const resolve = this.#resolveRead;
    this.#resolveRead = undefined;
    if (resolve === undefined) this.#received.push(bytes);
    else resolve(bytes);
  }
}

/**
 * TCP on Deno.
 *
 * @module
 */

import type { ListenOptions, TcpConnection, TcpServer } from "./contract.ts";

/** The only address to listen on: the server is for this machine alone. */
const HOSTNAME = "127.0.0.1";

const READ_BUFFER_BYTES = 16_384;

/** Listens with `Deno.listen`. */
export function listenDeno(
  options: ListenOptions,
  onConnection: (connection: TcpConnection) => void,
): TcpServer {
  return new DenoServer(Deno.listen({ hostname: HOSTNAME, port: options.port ?? 0 }), onConnection);
}

class DenoServer implements TcpServer {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<DenoConnection>();
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(listener: Deno.TcpListener, onConnection: (connection: TcpConnection) => void) {
    this.#listener = listener;
    this.port = listener.addr.port;
    this.#accepting = this.#accept(onConnection);
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#listener.close();
    }
    await this.#accepting;
    const open = [...this.#connections];
    for (const connection of open) connection.destroy();
    await Promise.all(open.map((connection) => connection.settled()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(onConnection: (connection: TcpConnection) => void): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#take(await this.#listener.accept(), onConnection);
      } catch {
        // The listener was closed, or the peer left before `accept()`; the condition of the loop tells which.
      }
    }
  }

  #take(socket: Deno.TcpConn, onConnection: (connection: TcpConnection) => void): void {
    const connection = new DenoConnection(socket, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    try {
      // A small response must not wait for the acknowledgement of the one before (RFC 896).
      socket.setNoDelay();
    } catch {
      // The peer has left already, which the first read will tell.
    }
    onConnection(connection);
  }
}

class DenoConnection implements TcpConnection {
  readonly #socket: Deno.TcpConn;
  readonly #onClose: () => void;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  #reading: Promise<Uint8Array | undefined> | undefined;
  #writing: Promise<boolean> | undefined;
  #isClosed = false;

  constructor(socket: Deno.TcpConn, onClose: () => void) {
    this.#socket = socket;
    this.#onClose = onClose;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#reading = this.#read();
  }

  write(bytes: Uint8Array): Promise<boolean> {
    return this.#writing = this.#write(bytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#onClose();
  }

  destroy(): void {
    this.close();
  }

  /** Resolves when no operation is in flight. */
  async settled(): Promise<void> {
    await this.#reading;
    await this.#writing;
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#isClosed) return undefined;
    try {
      const count = await this.#socket.read(this.#buffer);
      return count === null ? undefined : this.#buffer.slice(0, count);
    } catch {
      // However the connection has ended, there is nothing more to read.
      return undefined;
    }
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let sent = 0; sent < bytes.length;) {
        if (this.#isClosed) return false;
        sent += await this.#socket.write(bytes.subarray(sent));
      }
      return !this.#isClosed;
    } catch {
      // However the connection has ended, the bytes did not arrive.
      return false;
    }
  }
}

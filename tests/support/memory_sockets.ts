/**
 * TCP without a network: sockets that connect in memory.
 *
 * @module
 */

import type { Endpoint, Socket, SocketListener, Sockets } from "../../src/runtime/transport/contract.ts";

/** One end of a connection in memory. */
export class MemorySocket implements Socket {
  /** The other end. */
  peer!: MemorySocket;
  isClosed = false;
  readonly #received: Uint8Array[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  async read(): Promise<Uint8Array | undefined> {
    while (this.#received.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#received.shift();
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.isClosed || this.peer.isClosed) return Promise.resolve(false);
    this.peer.#received.push(bytes.slice());
    this.peer.#wake?.();
    return Promise.resolve(true);
  }

  async pumpTo(other: Socket): Promise<void> {
    for (let bytes = await this.read(); bytes !== undefined; bytes = await this.read()) {
      await other.write(bytes);
    }
    await other.closeWrite();
  }

  closeWrite(): Promise<void> {
    this.peer.#end();
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#end();
    this.peer.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }
}

/** Creates the two ends of one connection. */
export function socketPair(): readonly [MemorySocket, MemorySocket] {
  const [one, other] = [new MemorySocket(), new MemorySocket()];
  one.peer = other;
  other.peer = one;
  return [one, other];
}

/** A host in memory: it gets the far end of each new connection, or throws to refuse it. */
export type MemoryHost = (socket: MemorySocket, endpoint: Endpoint) => void;

/** Reports that the system can't resolve a name. */
export class UnresolvedError extends Error {}

/** A network in memory. */
export class MemorySockets implements Sockets {
  /** The endpoints of all connections, as `host:port`. */
  readonly dialed: string[] = [];
  /** The endpoints of the connections that were aborted while connecting, as `host:port`. */
  readonly abandoned: string[] = [];
  /** The server name of each TLS handshake. */
  readonly tlsNames: string[] = [];
  /** Hands the socket of a new client to the listener; `listen` sets it. */
  accept: ((socket: Socket) => void) | undefined;
  readonly #hosts: Readonly<Record<string, MemoryHost>>;

  /** Creates a network with the given hosts, by name. Connecting to any other host hangs until the signal aborts. */
  constructor(hosts: Readonly<Record<string, MemoryHost>> = {}) {
    this.#hosts = hosts;
  }

  listen(onConnection: (socket: Socket) => void): SocketListener {
    this.accept = onConnection;
    return { port: 1, close: () => Promise.resolve() };
  }

  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
    const name = `${endpoint.host}:${endpoint.port}`;
    this.dialed.push(name);
    return new Promise((resolve, reject) => {
      const host = this.#hosts[endpoint.host];
      if (host === undefined) {
        return signal.addEventListener("abort", () => {
          this.abandoned.push(name);
          reject(signal.reason);
        });
      }
      const [near, far] = socketPair();
      host(far, endpoint);
      resolve(near);
    });
  }

  startTls(socket: Socket, { serverName }: { readonly serverName: string }): Promise<Socket> {
    this.tlsNames.push(serverName);
    return Promise.resolve(socket);
  }

  outOfDescriptors(error: unknown): unknown {
    return (error as { readonly code?: unknown }).code === "EMFILE" ? error : undefined;
  }

  isUnresolved(error: unknown): boolean {
    return error instanceof UnresolvedError;
  }
}

/** Creates a host that answers each message with the next of `answers`, and adds each message to `got`. */
export function scripted(answers: readonly (Uint8Array | string)[], got: string[] = []): MemoryHost {
  return async (socket) => {
    for (const answer of answers) {
      const bytes = await socket.read();
      if (bytes === undefined) return;
      got.push(new TextDecoder("latin1").decode(bytes));
      await socket.write(typeof answer === "string" ? new TextEncoder().encode(answer) : answer);
    }
  };
}

/**
 * TCP on Bun.
 *
 * @module
 */

import type { ListenOptions, TcpConnection, TcpServer } from "./contract.ts";

/** The only address to listen on: the server is for this machine alone. */
const HOSTNAME = "127.0.0.1";

/** The part of a Bun socket that is used here. */
interface BunSocket {
  data: BunConnection;
  /** Returns how many bytes the socket has taken; the rest has to be written again after `drain`. */
  write(bytes: Uint8Array): number;
  /** Closes the connection after all bytes that were written. */
  end(): void;
  /** Breaks the connection with a reset. */
  terminate(): void;
  setNoDelay(noDelay: boolean): void;
}

interface BunSocketHandlers {
  readonly open: (socket: BunSocket) => void;
  readonly data: (socket: BunSocket, bytes: Uint8Array) => void;
  readonly drain: (socket: BunSocket) => void;
  readonly end: (socket: BunSocket) => void;
  readonly close: (socket: BunSocket) => void;
  readonly error: (socket: BunSocket) => void;
}

interface BunListener {
  readonly port: number;
  stop(closeConnections: boolean): void;
}

/** The part of `globalThis.Bun` that is used here. */
interface BunGlobal {
  listen(options: { hostname: string; port: number; socket: BunSocketHandlers }): BunListener;
}

/** Listens with `Bun.listen`. */
export function listenBun(
  options: ListenOptions,
  onConnection: (connection: TcpConnection) => void,
): TcpServer {
  const { Bun: bun } = globalThis as unknown as { Bun: BunGlobal };
  const connections = new Set<BunConnection>();
  const listener = bun.listen({
    hostname: HOSTNAME,
    port: options.port ?? 0,
    socket: {
      open(socket) {
        // A small response must not wait for the acknowledgement of the one before (RFC 896).
        socket.setNoDelay(true);
        socket.data = new BunConnection(socket);
        connections.add(socket.data);
        onConnection(socket.data);
      },
      data: (socket, bytes) => socket.data.onData(bytes),
      drain: (socket) => socket.data.onDrain(),
      end: (socket) => socket.data.onEnd(),
      close(socket) {
        connections.delete(socket.data);
        socket.data.onClose();
      },
      error: (socket) => socket.data.destroy(),
    },
  });
  return new BunServer(listener, connections);
}

class BunServer implements TcpServer {
  readonly port: number;
  readonly #listener: BunListener;
  readonly #connections: ReadonlySet<BunConnection>;

  constructor(listener: BunListener, connections: ReadonlySet<BunConnection>) {
    this.#listener = listener;
    this.#connections = connections;
    this.port = listener.port;
  }

  async close(): Promise<void> {
    this.#listener.stop(false);
    const open = [...this.#connections];
    for (const connection of open) connection.destroy();
    await Promise.all(open.map((connection) => connection.closed));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class BunConnection implements TcpConnection {
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #socket: BunSocket;
  readonly #received: Uint8Array[] = [];
  #resolveRead: ((bytes: Uint8Array | undefined) => void) | undefined;
  #resolveDrain: (() => void) | undefined;
  #resolveClosed: () => void = () => {};
  #isEnded = false;
  #isClosed = false;
  /** Whether the socket is gone. A socket that was closed in good order may still wait for its peer to close as well. */
  #isGone = false;

  constructor(socket: BunSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
  }

  read(): Promise<Uint8Array | undefined> {
    const bytes = this.#received.shift();
    if (bytes !== undefined || this.#isEnded) return Promise.resolve(bytes);
    return new Promise((resolve) => this.#resolveRead = resolve);
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    for (let sent = 0; !this.#isClosed;) {
      sent += Math.max(0, this.#socket.write(bytes.subarray(sent)));
      if (sent === bytes.length) return true;
      await new Promise<void>((resolve) => this.#resolveDrain = resolve);
    }
    return false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#socket.end();
  }

  destroy(): void {
    if (this.#isGone) return;
    this.#end();
    this.#socket.terminate();
  }

  onData(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    const resolve = this.#resolveRead;
    this.#resolveRead = undefined;
    if (resolve === undefined) this.#received.push(bytes);
    else resolve(bytes);
  }

  onDrain(): void {
    const resolve = this.#resolveDrain;
    this.#resolveDrain = undefined;
    resolve?.();
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#resolveRead?.(undefined);
    this.#resolveRead = undefined;
  }

  onClose(): void {
    this.#isGone = true;
    this.#end();
    this.#resolveClosed();
  }

  #end(): void {
    this.#isClosed = true;
    this.onEnd();
    this.onDrain();
  }
}

/**
 * What a loopback server needs of the runtime it runs on: plain TCP, where a connection can be broken on purpose, which
 * the runtimes' own HTTP servers do not allow.
 *
 * @module
 */

/** One accepted connection. */
export interface TcpConnection {
  /**
   * Waits for the next bytes. One read at a time.
   *
   * @returns The bytes; `undefined` once the peer has ended or the connection is gone. It never rejects.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Sends all of the bytes, after those of earlier writes. One write at a time.
   *
   * @returns `false` if the connection is gone. It never rejects.
   */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Ends the connection in good order, after what has been written; does nothing if it is gone. */
  close(): void;
  /**
   * Breaks the connection, whatever is in flight: with a reset (RST) on Bun, without more ado on Deno, which has no
   * means to send one. Does nothing if it is gone.
   */
  destroy(): void;
}

/** A listening socket and its connections. */
export interface TcpServer extends AsyncDisposable {
  /** The port. */
  readonly port: number;
  /** Stops listening, breaks every connection, and resolves when nothing is left; idempotent. */
  close(): Promise<void>;
}

/** Where to listen. */
export interface ListenOptions {
  /**
   * The port; 0 lets the system choose one.
   *
   * @default {0}
   */
  readonly port?: number | undefined;
}

/**
 * Listens on 127.0.0.1.
 *
 * @throws {Error} If it can't listen there.
 */
export type ListenTcp = (
  options: ListenOptions,
  onConnection: (connection: TcpConnection) => void,
) => TcpServer;

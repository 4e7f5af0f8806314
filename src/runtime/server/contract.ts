/**
 * The plain TCP that a loopback server needs of a runtime. It can break a connection on purpose, which the runtimes' own HTTP
 * servers do not allow.
 *
 * @module
 */

/** One accepted connection. */
export interface TcpConnection {
  /**
   * Waits for the next bytes; one call at a time.
   *
   * @returns The bytes; `undefined` once the peer has ended or the connection is gone. It never rejects.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Sends all of the bytes, after those of earlier writes; one call at a time.
   *
   * @returns `false` if the connection is gone. It never rejects.
   */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Ends the connection in good order, after all bytes that were written; does nothing if the connection is gone. */
  close(): void;
  /**
   * Breaks the connection, even with bytes in flight: with a reset (RST) on Bun, and with a plain close on Deno, which can't send
   * a reset. Does nothing if the connection is gone.
   */
  destroy(): void;
}

/** A listening socket and its connections. */
export interface TcpServer extends AsyncDisposable {
  /** The port. */
  readonly port: number;
  /** Stops listening, breaks every connection, and resolves when no connection is left; idempotent. */
  close(): Promise<void>;
}

/** Options of {@linkcode ListenTcp}. */
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

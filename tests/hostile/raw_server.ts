/**
 * A server that writes exactly the bytes that a test gives it, so that it can send answers which no real server would send.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

/** A received request, and the connection for its answer. */
export interface RawExchange {
  /** The target of the request, such as `/a?b=c`. */
  readonly path: string;
  /** The method. */
  readonly method: string;
  /** The whole head of the request, unchanged. */
  readonly head: string;
  /** The number of this request among all requests of the server, from 1. */
  readonly nth: number;
  /**
   * Sends bytes, no faster than the client reads them.
   *
   * @returns Whether the connection is still open.
   */
  write(bytes: string | Uint8Array): Promise<boolean>;
  /** Ends the connection gracefully. */
  end(): void;
  /** Breaks the connection. */
  destroy(): void;
  /** Resolves when the connection is closed. */
  readonly gone: Promise<void>;
}

type Answer = string | Uint8Array | void;

/** Answers a request. If it returns bytes, the server sends them and then ends the connection. */
export type RawHandler = (exchange: RawExchange) => Answer | Promise<Answer>;

/** A running server. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The heads of all requests so far. */
  readonly heads: readonly string[];
  /** The number of open connections. */
  readonly open: number;
}

/**
 * Starts a server on this machine.
 *
 * @param handler Answers each request.
 * @returns The server; closing it breaks all connections.
 */
export async function serveRaw(handler: RawHandler): Promise<RawServer> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      resolve();
    });
    let received = "";
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      for (;;) {
        const end = received.indexOf("\r\n\r\n");
        if (end === -1) return;
        const head = received.slice(0, end);
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        received = received.slice(end + 4 + length);
        heads.push(head);
        answer(handler, exchangeOf(socket, head, heads.length, gone));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    heads,
    get open() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(handler: RawHandler, exchange: RawExchange): Promise<void> {
  const bytes = await handler(exchange);
  if (bytes === undefined) return;
  await exchange.write(bytes);
  exchange.end();
}

function exchangeOf(socket: Socket, head: string, nth: number, gone: Promise<void>): RawExchange {
  const [method = "", path = ""] = head.split(" ", 2);
  return {
    method,
    path,
    head,
    nth,
    gone,
    async write(bytes) {
      if (socket.destroyed || !socket.writable) return false;
      const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
      if (!socket.write(data)) {
        await Promise.race([gone, new Promise<void>((resolve) => socket.once("drain", resolve))]);
      }
      // The client runs in this process, so give it a turn of the event loop.
      await eventLoopTurn();
      return !socket.destroyed;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

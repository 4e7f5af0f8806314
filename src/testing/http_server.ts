/**
 * A small HTTP/1.1 server that can break a connection at any point.
 *
 * @module
 */

import "../primitives/dispose_symbols.ts";
import type { ListenTcp, TcpConnection, TcpServer } from "../runtime/server/contract.ts";
import { encodeHead } from "./http_message.ts";
import { HttpReader, type HttpRequest, HttpSyntaxError } from "./http_reader.ts";

/** One request with the connection for its response. */
export interface HttpExchange {
  readonly request: HttpRequest;
  /** Called when the client leaves before the handler is done. */
  onGone: (() => void) | undefined;
  /** Sends bytes of the response; `false` if the client has left. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Makes the server close the connection gracefully after this response. */
  closeAfter(): void;
  /** Breaks the connection. */
  destroy(): void;
}

/** Answers a request. A handler that rejects breaks the connection. */
export type HttpHandler = (exchange: HttpExchange) => Promise<void>;

/** A listener for the start and the end of connections. */
export interface ConnectionObserver {
  /** Called when a connection was accepted. */
  connected(): void;
  /** Called when a connection has ended. */
  disconnected(): void;
}

/**
 * Serves HTTP/1.1 with keep-alive on 127.0.0.1.
 *
 * @param listen Listens on a TCP port.
 * @param handler Answers requests; the requests of one connection one after the other.
 * @param observer The listener for connections.
 * @returns The server; closing it breaks all connections and waits until every handler is done.
 */
export function serveHttp(listen: ListenTcp, handler: HttpHandler, observer: ConnectionObserver): TcpServer {
  const serving = new Set<Promise<void>>();
  const server = listen({}, (connection) => {
    observer.connected();
    const served = serveConnection(connection, handler).finally(() => {
      serving.delete(served);
      observer.disconnected();
    });
    serving.add(served);
  });
  const close = async () => {
    await server.close();
    await Promise.all(serving);
  };
  return { port: server.port, close, [Symbol.asyncDispose]: close };
}

async function serveConnection(connection: TcpConnection, handler: HttpHandler): Promise<void> {
  const reader = new HttpReader(connection);
  try {
    for (let request = await reader.next(); request !== undefined; request = await reader.next()) {
      if (!await answer(request, reader, connection, handler)) break;
    }
    connection.close();
  } catch (error) {
    if (error instanceof HttpSyntaxError) {
      await connection.write(encodeHead(error.status, { "content-length": "0", connection: "close" }));
      connection.close();
    } else {
      // A handler has failed. Break the connection, so that the client notices.
      connection.destroy();
    }
  }
}

/** Lets the handler answer one request; `false` if the connection can't be used any more. */
async function answer(
  request: HttpRequest,
  reader: HttpReader,
  connection: TcpConnection,
  handler: HttpHandler,
): Promise<boolean> {
  let isUsable = request.keepAlive;
  const exchange: HttpExchange = {
    request,
    onGone: undefined,
    write: (bytes) => connection.write(bytes),
    closeAfter() {
      isUsable = false;
    },
    destroy() {
      isUsable = false;
      connection.destroy();
    },
  };
  reader.onGone = () => exchange.onGone?.();
  const handled = handler(exchange);
  // A client that left right after its request was gone before `onGone` was set.
  if (reader.isGone) exchange.onGone?.();
  await handled;
  reader.onGone = undefined;
  return isUsable && !reader.isGone;
}

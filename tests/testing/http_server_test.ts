import { assertEquals } from "@std/assert";
import type { ListenTcp, TcpConnection } from "../../src/runtime/server/contract.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { type HttpHandler, serveHttp } from "../../src/testing/http_server.ts";
import { encodeHead } from "../../src/testing/http_message.ts";
import { test } from "../support/test.ts";
import { FakeConnection } from "./fake_connection.ts";

interface Observed {
  connections: number;
  open: number;
}

/** Serves fake connections, which `connect` creates. */
function serve(handler: HttpHandler) {
  const observed: Observed = { connections: 0, open: 0 };
  const connections: FakeConnection[] = [];
  let onConnection: (connection: TcpConnection) => void = () => {};
  const listen: ListenTcp = (_options, accept) => {
    onConnection = accept;
    const close = () => {
      for (const connection of connections) connection.destroy();
      return Promise.resolve();
    };
    return { port: 1, close, [Symbol.asyncDispose]: close };
  };
  const server = serveHttp(listen, handler, {
    connected: () => {
      observed.connections++;
      observed.open++;
    },
    disconnected: () => observed.open--,
  });
  const connect = () => {
    const connection = new FakeConnection();
    connections.push(connection);
    onConnection(connection);
    return connection;
  };
  return { server, connect, observed };
}

const echo: HttpHandler = async ({ request, write }) => {
  await write(encodeHead(200, { "content-length": String(request.target.length) }));
  await write(new TextEncoder().encode(request.target));
};

const answerTo = (target: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${target.length}\r\n\r\n${target}`;

test("serveHttp() answers the requests of one connection in order", async () => {
  const { server, connect, observed } = serve(echo);
  const connection = connect();
  connection.send("GET /1 HTTP/1.1\r\n\r\nGET /22 HTTP/1.1\r\n\r\n");
  await eventLoopTurn();
  connection.send("GET /333 HTTP/1.1\r\n\r\n");
  await eventLoopTurn();

  assertEquals(connection.written, ["/1", "/22", "/333"].map(answerTo).join(""));
  assertEquals(observed, { connections: 1, open: 1 });
  await server.close();
  assertEquals(observed, { connections: 1, open: 0 });
});

test("serveHttp() closes the connection when the client or the handler asks for it", async () => {
  const { connect } = serve(async (exchange) => {
    if (exchange.request.target === "/last") exchange.closeAfter();
    await echo(exchange);
  });
  const asked = connect();
  asked.send("GET / HTTP/1.1\r\nconnection: close\r\n\r\n");
  const told = connect();
  told.send("GET /last HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\n\r\n");
  await eventLoopTurn();

  assertEquals([asked.ending, asked.written], ["close", answerTo("/")]);
  assertEquals([told.ending, told.written], ["close", answerTo("/last")]);
});

test("serveHttp() breaks the connection when the handler does, or rejects", async () => {
  const { connect, observed } = serve((exchange) => {
    if (exchange.request.target === "/reject") return Promise.reject(new Error("no"));
    exchange.destroy();
    return Promise.resolve();
  });
  const connections = ["/destroy", "/reject"].map((target) => {
    const connection = connect();
    connection.send(`GET ${target} HTTP/1.1\r\n\r\n`);
    return connection;
  });
  await eventLoopTurn();

  assertEquals(connections.map(({ ending }) => ending), ["destroy", "destroy"]);
  assertEquals(observed, { connections: 2, open: 0 });
});

test("serveHttp() answers a malformed request with its status, and closes", async () => {
  const { connect } = serve(echo);
  const connection = connect();
  connection.send("nonsense\r\n\r\n");
  await eventLoopTurn();

  assertEquals(
    connection.written,
    "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
  );
  assertEquals(connection.ending, "close");
});

test("serveHttp() tells the handler that the client has left, even if it left before the handler listened", async () => {
  let gone = 0;
  const { connect, observed } = serve((exchange) =>
    new Promise((resolve) => {
      exchange.onGone = () => {
        gone++;
        resolve();
      };
    })
  );
  const early = connect();
  early.send("GET / HTTP/1.1\r\n\r\n");
  early.leave();
  const late = connect();
  late.send("GET / HTTP/1.1\r\n\r\n");
  await eventLoopTurn();
  assertEquals([gone, observed.open], [1, 1]);
  late.leave();
  await eventLoopTurn();

  assertEquals([gone, observed.open], [2, 0]);
});

test("serveHttp() waits for its handlers when it is closed", async () => {
  let isDone = false;
  const { server, connect } = serve(async (exchange) => {
    await new Promise<void>((resolve) => exchange.onGone = resolve);
    await eventLoopTurn();
    isDone = true;
  });
  connect().send("GET / HTTP/1.1\r\n\r\n");
  await eventLoopTurn();
  await server.close();

  assertEquals(isDone, true);
});

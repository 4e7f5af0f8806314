import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { TcpConnection, TcpServer } from "../../../src/runtime/server/contract.ts";
import { listenTcp } from "../../../src/runtime/server/current.ts";
import { test } from "../../support/test.ts";

const encoder = new TextEncoder();
const OK = encoder.encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");

/** Listens, and hands over the first connection. */
function listenForOne(): { readonly server: TcpServer; readonly accepted: Promise<TcpConnection> } {
  const { promise, resolve } = Promise.withResolvers<TcpConnection>();
  return { server: listenTcp({}, resolve), accepted: promise };
}

function urlOf(server: TcpServer): string {
  return `http://127.0.0.1:${server.port}/`;
}

test("listenTcp() reads what a client sends, and sends what it is given", async () => {
  const { server, accepted } = listenForOne();
  const fetched = fetch(`${urlOf(server)}some/path`).then((response) => response.text());
  const connection = await accepted;
  const received = new TextDecoder().decode(await connection.read());
  const sent = await connection.write(OK);

  assertEquals(await fetched, "ok");
  assert(received.startsWith("GET /some/path HTTP/1.1\r\n"), received);
  assertEquals(sent, true);
  connection.close();
  await server.close();
});

test("TcpConnection.write() sends all of a body that is larger than any buffer", async () => {
  const { server, accepted } = listenForOne();
  const body = new Uint8Array(8_000_000).map((_, index) => index % 251);
  const fetched = fetch(urlOf(server)).then((response) => response.bytes());
  const connection = await accepted;
  await connection.read();
  await connection.write(encoder.encode(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`));
  const sent = await connection.write(body);
  const received = await fetched;

  assertEquals(sent, true);
  assertEquals(received.length, body.length);
  assert(received.every((byte, index) => byte === index % 251));
  await server.close();
});

test("TcpConnection.destroy() and close() break an incomplete response, and have an effect once", async () => {
  for (const how of ["destroy", "close"] as const) {
    const { server, accepted } = listenForOne();
    const fetched = fetch(urlOf(server));
    const connection = await accepted;
    await connection.read();
    connection[how]();
    connection[how]();

    await assertRejects(() => fetched, TypeError);
    assertEquals(await connection.read(), undefined);
    assertEquals(await connection.write(OK), false);
    await server.close();
  }
});

test("TcpConnection.read() gives undefined, and write() false, once the client has left", async () => {
  const { server, accepted } = listenForOne();
  const controller = new AbortController();
  const fetched = fetch(urlOf(server), { signal: controller.signal });
  const connection = await accepted;
  await connection.read();
  const ended = connection.read();
  controller.abort();
  await assertRejects(() => fetched);

  assertEquals(await ended, undefined);
  // The first write may still succeed before the client's machine answers that no one listens.
  while (await connection.write(new Uint8Array(100_000)));
  await server.close();
});

test("TcpServer.close() breaks idle and busy connections and ends a pending read and write", async () => {
  const { server, accepted } = listenForOne();
  const fetched = fetch(urlOf(server));
  const connection = await accepted;
  await connection.read();
  const reading = connection.read();
  await connection.write(encoder.encode("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n"));
  const response = await fetched;
  const writing = connection.write(new Uint8Array(50_000_000));
  await server.close();

  assertEquals([await reading, await writing], [undefined, false]);
  await assertRejects(() => response.bytes());
});

test("TcpServer.close() may be called twice, and the port is free afterwards", async () => {
  const server = listenTcp({}, (connection) => connection.close());
  await server.close();
  await server.close();

  await assertRejects(() => fetch(urlOf(server)), TypeError);
});

test("listenTcp() chooses free ports, and throws for one that is in use", async () => {
  await using first = listenTcp({}, () => {});
  await using second = listenTcp({ port: 0 }, () => {});

  assertNotEquals(first.port, second.port);
  assertThrows(() => listenTcp({ port: first.port }, () => {}), Error);
});

test("listenTcp() listens at a port that has just become free", async () => {
  const first = listenTcp({}, () => {});
  await first.close();
  await using second = listenTcp({ port: first.port }, () => {});

  assertEquals(second.port, first.port);
});

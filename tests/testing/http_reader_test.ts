import { assertEquals, assertRejects } from "@std/assert";
import { HttpReader, HttpSyntaxError } from "../../src/testing/http_reader.ts";
import { test } from "../support/test.ts";
import { FakeConnection } from "./fake_connection.ts";

function readerOf(text: string): HttpReader {
  const connection = new FakeConnection();
  connection.send(text);
  connection.leave();
  return new HttpReader(connection);
}

const bodyText = (body: Uint8Array | undefined) => new TextDecoder().decode(body);

test("HttpReader.next() reads method, target and headers", async () => {
  const request = await readerOf("GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: 2\r\n\r\n").next();

  assertEquals(request, {
    method: "GET",
    target: "/a%20b?c=d",
    headers: { host: "x", "x-a": "1, 2" },
    body: new Uint8Array(0),
    keepAlive: true,
  });
});

test("HttpReader.next() reads a request that arrives byte by byte", async () => {
  const connection = new FakeConnection();
  const reader = new HttpReader(connection);
  const request = reader.next();
  for (const byte of "PUT /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") {
    connection.send(byte);
    await null;
  }

  assertEquals(bodyText((await request)?.body), "hello");
});

test("HttpReader.next() reads requests that arrive together, one after the other", async () => {
  const reader = readerOf(
    "POST /1 HTTP/1.1\r\ncontent-length: 3\r\n\r\noneGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n",
  );

  assertEquals(bodyText((await reader.next())?.body), "one");
  assertEquals((await reader.next())?.target, "/2");
  assertEquals((await reader.next())?.target, "/3");
  assertEquals(await reader.next(), undefined);
});

test("HttpReader.next() reads a chunked body with extensions and trailers", async () => {
  const reader = readerOf(
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "5;ext=1\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nGET /next HTTP/1.1\r\n\r\n",
  );

  assertEquals(bodyText((await reader.next())?.body), "hello 0123456789");
  assertEquals((await reader.next())?.target, "/next");
});

test("HttpReader.next() gives undefined when the client leaves in the middle", async () => {
  for (
    const text of [
      "",
      "GET / HT",
      "GET / HTTP/1.1\r\nA: b\r\n",
      "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhell",
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
    ]
  ) {
    assertEquals(await readerOf(text).next(), undefined, text);
  }
});

test("HttpReader.next() says whether to keep the connection", async () => {
  const keepAlive = async (text: string) => (await readerOf(text).next())?.keepAlive;

  assertEquals(await keepAlive("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), false);
  assertEquals(await keepAlive("GET / HTTP/1.0\r\n\r\n"), false);
  assertEquals(await keepAlive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true);
});

test("HttpReader.next() reads path and query from an absolute URL", async () => {
  const request = await readerOf("GET http://127.0.0.1:80/a?b HTTP/1.1\r\n\r\n").next();

  assertEquals(request?.target, "/a?b");
});

test("HttpReader.next() rejects malformed requests, with the status to answer", async () => {
  for (
    const [text, status] of [
      ["HELLO\r\n\r\n", 400],
      ["GET / HTTP/2\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\nno colon\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400],
      ["POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413],
      ["GET / HTTP/1.1\r\nA: " + "x".repeat(70_000), 431],
    ] as const
  ) {
    const error = await assertRejects(() => readerOf(text).next(), HttpSyntaxError);
    assertEquals(error.status, status, text.slice(0, 60));
  }
});

test("HttpReader.onGone is called at once when the client has left", async () => {
  const connection = new FakeConnection();
  const reader = new HttpReader(connection);
  const gone = new Promise<void>((resolve) => reader.onGone = resolve);
  connection.send("GET / HTTP/1.1\r\n\r\n");
  await reader.next();
  assertEquals(reader.isGone, false);
  connection.leave();
  await gone;

  assertEquals(reader.isGone, true);
});

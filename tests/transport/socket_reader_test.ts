import { assertEquals } from "@std/assert";
import { SocketReader } from "../../src/transport/socket_reader.ts";
import { socketPair } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);

test("SocketReader.take() joins pieces, and keeps the excess", async () => {
  const [near, far] = socketPair();
  const reader = new SocketReader(near);
  for (const piece of ["a", "bc", "defg"]) await far.write(encode(piece));
  assertEquals(decode(await reader.take(2)), "ab");
  assertEquals(decode(await reader.take(3)), "cde");
  assertEquals(decode(reader.takeRest()), "fg");
  assertEquals(decode(reader.takeRest()), "");
  far.close();
  assertEquals(await reader.take(1), undefined);
});

test("SocketReader.takeHead() ends at the empty line, wherever the pieces end", async () => {
  for (const size of [1, 2, 3, 5, 100]) {
    for (const head of ["HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n"]) {
      const [near, far] = socketPair();
      const reader = new SocketReader(near);
      const text = `${head}body`;
      for (let at = 0; at < text.length; at += size) await far.write(encode(text.slice(at, at + size)));
      far.close();
      assertEquals(await reader.takeHead(100), head);
      assertEquals(decode(await reader.take(4)), "body");
    }
  }
});

test("SocketReader.takeHead() gives up on a head that is truncated or too long", async () => {
  for (const text of ["HTTP/1.1 200 OK\r\n", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(50)}\r\n\r\n`]) {
    const [near, far] = socketPair();
    await far.write(encode(text));
    far.close();
    assertEquals(await new SocketReader(near).takeHead(40), undefined);
  }
});

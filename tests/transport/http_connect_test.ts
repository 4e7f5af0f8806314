import { assertEquals } from "@std/assert";
import { requestTunnel } from "../../src/transport/http_connect.ts";
import { SocketReader } from "../../src/transport/socket_reader.ts";
import { scripted, socketPair } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

async function ask(answer: string, host = "a.test", credentials?: { username: string; password: string }) {
  const [near, far] = socketPair();
  const got: string[] = [];
  scripted([answer], got)(far, { host, port: 443 });
  const reader = new SocketReader(near);
  const status = await requestTunnel(near, reader, { host, port: 443 }, credentials);
  return { status, got, rest: new TextDecoder().decode(reader.takeRest()) };
}

test("requestTunnel() asks for the host, with credentials as UTF-8", async () => {
  const { status, got, rest } = await ask("HTTP/1.1 200 OK\r\n\r\nhello", "a.test", {
    username: "us:er",
    password: "pä",
  });
  assertEquals([status, rest], [200, "hello"]);
  const expected = btoa(String.fromCharCode(...new TextEncoder().encode("us:er:pä")));
  assertEquals(got, [
    `CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic ${expected}\r\n\r\n`,
  ]);
});

test("requestTunnel() puts brackets around IPv6 addresses, and sends no credentials by default", async () => {
  const { got } = await ask("HTTP/1.0 200 OK\r\n\r\n", "::1");
  assertEquals(got, ["CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"]);
});

test("requestTunnel() skips interim answers", async () => {
  const { status } = await ask("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 407 No\r\nA: b\r\n\r\n");
  assertEquals(status, 407);
});

test("requestTunnel() refuses anything that is no answer", async () => {
  for (
    const answer of ["SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(20_000)}`]
  ) {
    assertEquals((await ask(answer)).status, undefined);
  }
});

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Dialer } from "../../src/transport/dialer.ts";
import { SocketReader } from "../../src/transport/socket_reader.ts";
import { requestSocks } from "../../src/transport/socks.ts";
import { Tunnel } from "../../src/transport/tunnel.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type MemoryHost, type MemorySocket, MemorySockets, socketPair } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

/** Sends all bytes back. */
const echo: MemoryHost = (socket) => void socket.pumpTo(socket);

function setUp(hosts: Readonly<Record<string, MemoryHost>>) {
  const sockets = new MemorySockets(hosts);
  const clock = new ManualClock();
  const dialer = new Dialer({ sockets, clock, connectTimeoutMs: undefined, caCerts: [], dns: undefined });
  const tunnel = new Tunnel({ sockets, dialer, clock, proxies: [] });
  const connect = (): MemorySocket => {
    const [near, far] = socketPair();
    sockets.accept!(far);
    return near;
  };
  const { username, password } = new URL(tunnel.urlFor(undefined));
  const ask = async (
    host: string,
  ): Promise<{ readonly socket: MemorySocket; readonly reader: SocketReader }> => {
    const socket = connect();
    const reader = new SocketReader(socket);
    await requestSocks(socket, reader, { host, port: 443 }, { username, password });
    return { socket, reader };
  };
  return { sockets, clock, tunnel, connect, ask };
}

test("Tunnel joins a client with the origin, and counts", async () => {
  const { tunnel, ask } = setUp({ "a.test": echo });
  const { socket, reader } = await ask("a.test");
  await socket.write(new TextEncoder().encode("hello"));
  assertEquals(new TextDecoder().decode(await reader.take(5)), "hello");
  assertEquals([tunnel.opened, tunnel.open], [1, 1]);
  socket.close();
  await tunnel.close();
  assertEquals([tunnel.opened, tunnel.open], [1, 0]);
});

test("Tunnel reports why a connection failed, until one succeeds", async () => {
  let isUp = false;
  const { tunnel, ask } = setUp({
    "a.test": () => {
      if (!isUp) throw new Error("down");
    },
  });
  await ask("a.test").catch(() => {});
  assertEquals((tunnel.failureOf(undefined, "a.test", 443) as Error).message, "down");
  assertEquals(tunnel.failureOf(undefined, "a.test", 444), undefined);
  assertEquals(tunnel.failureOf(0, "a.test", 443), undefined);
  isUp = true;
  await ask("a.test");
  assertEquals(tunnel.failureOf(undefined, "a.test", 443), undefined);
  await tunnel.close();
});

test("Tunnel refuses a client with a wrong password, or without one", async () => {
  const { tunnel, connect, sockets, clock } = setUp({ "a.test": echo });
  const wrong = connect();
  await wrong.write(Uint8Array.of(5, 1, 2, 1, 1, 97, 1, 97, 5, 1, 0, 3, 1, 97, 0, 80));
  while (await wrong.read() !== undefined);
  const silent = connect();
  await clock.advance(10_000);
  assertEquals(await silent.read(), undefined);
  assertEquals([sockets.dialed, clock.pending], [[], 0]);
  await tunnel.close();
});

test("Tunnel.urlFor() has an unguessable password, and a name for each proxy", () => {
  const { tunnel } = setUp({});
  assertStringIncludes(tunnel.urlFor(3), "socks5h://3:");
  assertEquals(new URL(tunnel.urlFor(3)).password, new URL(tunnel.urlFor(undefined)).password);
  assertEquals(new URL(setUp({}).tunnel.urlFor(3)).password === new URL(tunnel.urlFor(3)).password, false);
});

test("Tunnel gives up a connection whose client leaves meanwhile, and reports nothing", async () => {
  const { tunnel, sockets, connect, ask } = setUp({ "a.test": echo });
  const { username, password } = new URL(tunnel.urlFor(undefined));
  const socket = connect();
  const target = { host: "nowhere.test", port: 443 };
  const asking = requestSocks(socket, new SocketReader(socket), target, { username, password });
  for (let turn = 0; turn < 100 && sockets.dialed.length === 0; turn++) await Promise.resolve();
  socket.close();
  await assertRejects(() => asking);
  for (let turn = 0; turn < 100 && sockets.abandoned.length === 0; turn++) await Promise.resolve();
  assertEquals(sockets.abandoned, ["nowhere.test:443"]);
  assertEquals(tunnel.failureOf(undefined, "nowhere.test", 443), undefined);
  await ask("a.test");
  await tunnel.close();
});

test("Tunnel passes on bytes that a client sends before the connection is ready, in order", async () => {
  const { tunnel, connect } = setUp({ "a.test": echo });
  const { username, password } = new URL(tunnel.urlFor(undefined));
  const texts = [username, password, "a.test"].map((
    text,
  ) => [text.length, ...new TextEncoder().encode(text)]);
  const socket = connect();
  const reader = new SocketReader(socket);
  await socket.write(
    Uint8Array.of(5, 1, 2, 1, ...texts[0]!, ...texts[1]!, 5, 1, 0, 3, ...texts[2]!, 1, 187, 49),
  );
  await socket.write(Uint8Array.of(50));
  await socket.write(Uint8Array.of(51));
  await reader.take(2 + 2 + 10);
  assertEquals(new TextDecoder().decode(await reader.take(3)), "123");
  socket.close();
  await tunnel.close();
});

test("Tunnel.close() breaks open and pending connections, and can be called again", async () => {
  const { tunnel, ask } = setUp({ "a.test": echo });
  const { reader } = await ask("a.test");
  const dialing = ask("nowhere.test").catch(() => "failed");
  await tunnel.close();
  await tunnel.close();
  assertEquals([await reader.take(1), await dialing], [undefined, "failed"]);
});

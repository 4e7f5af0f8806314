import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { bunTransport } from "../../src/runtime/transport/bun.ts";
import { currentTransport } from "../../src/runtime/transport/current.ts";
import { denoTransport } from "../../src/runtime/transport/deno.ts";
import { webTransport } from "../../src/runtime/transport/web.ts";
import type { SenderSettings } from "../../src/runtime/transport/contract.ts";
import { PLAIN_SENDER } from "../support/fake_transport_runtime.ts";
import { CA, serveHttpHere, serveHttpsHere, serveProxy, serveSilence } from "../support/net_servers.ts";
import { runCommand } from "../support/command.ts";
import { bundleProgram } from "../support/program.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

function failureOf(promise: Promise<unknown>): Promise<Error> {
  return assertRejects(() => promise, Error);
}

async function fetchWith(settings: Partial<SenderSettings>, url: string, route = {}): Promise<string> {
  const sender = currentTransport.createSender({ ...PLAIN_SENDER, ...settings });
  try {
    return await (await sender.fetch(url, undefined, route)).text();
  } finally {
    sender.close();
  }
}

test("currentTransport is that of this runtime", () => {
  assertEquals(currentTransport, runtime === "deno" ? denoTransport : bunTransport);
});

test("TransportRuntime.createSender() creates a fetch with a pool of its own", async () => {
  await using server = await serveHttpHere();
  for (const settings of [{}, { idleTimeoutMs: 5_000 }, { maxIdleConnections: 1 }, { keepAlive: false }]) {
    assert((await fetchWith(settings, `http://127.0.0.1:${server.port}/a`)).includes("/a"));
  }
  assertEquals(server.connections, 4);
});

test("TransportRuntime.createSender() trusts its certificates", async () => {
  await using server = await serveHttpsHere();
  assert((await fetchWith({ caCerts: [CA] }, `https://localhost:${server.port}/a`)).includes("/a"));
  const error = await failureOf(fetchWith({}, `https://localhost:${server.port}/a`));
  assert(error instanceof TypeError);
  assert(!currentTransport.isUnresolved(error));
});

test("TransportRuntime.isUnsent() recognizes an error without a connection", async () => {
  await using server = await serveHttpHere((request) => request.socket.destroy());
  const refused = await failureOf(fetchWith({}, "http://127.0.0.1:4/"));
  const broken = await failureOf(fetchWith({}, `http://127.0.0.1:${server.port}/`));
  assertEquals([currentTransport.isUnsent(refused), currentTransport.isUnsent(broken)], [true, false]);
  for (const value of [undefined, null, new Error("x"), "x"]) {
    assertEquals(currentTransport.isUnsent(value), false);
  }
});

if (runtime === "bun") {
  test("bunTransport.isUnresolved() recognizes an unknown name, and so does canResolve()", async () => {
    assert(bunTransport.isUnresolved(await failureOf(fetchWith({}, "http://no.such.invalid/"))));
    assertEquals([
      await bunTransport.canResolve("localhost"),
      await bunTransport.canResolve("no.such.invalid"),
    ], [
      true,
      false,
    ]);
  });

  test("bunTransport.tunnelStatus() returns the status with which a proxy has refused", async () => {
    await using proxy = await serveProxy({ refusesWith: 403, leadsTo: () => 9 });
    const route = { proxyUrl: `http://127.0.0.1:${proxy.port}` };
    const error = await failureOf(fetchWith({}, "https://a.test/", route));
    assertEquals([bunTransport.tunnelStatus(error), bunTransport.isUnsent(error)], [403, true]);
    assertEquals(bunTransport.tunnelStatus(new Error("x")), undefined);
  });

  test("bunTransport.isHttp2Refused() recognizes a server without HTTP/2", async () => {
    await using server = await serveHttpsHere();
    const error = await failureOf(
      fetchWith({ caCerts: [CA] }, `https://localhost:${server.port}/`, { http2: true }),
    );
    assert(bunTransport.isHttp2Refused(error));
  });
} else {
  const { sockets } = denoTransport;
  const signal = new AbortController().signal;

  /** Registers a test with a timer, since sockets alone keep no process alive. */
  const testAwake = (name: string, body: () => Promise<void>): void =>
    test(name, async () => {
      const timer = setInterval(() => {}, 1_000);
      await body().finally(() => clearInterval(timer));
    });

  testAwake("denoTransport.sockets tell unresolved names from other failures", async () => {
    const unresolved = await failureOf(sockets!.connect({ host: "no.such.invalid", port: 80 }, signal));
    const refused = await failureOf(sockets!.connect({ host: "127.0.0.1", port: 4 }, signal));
    assertEquals([sockets!.isUnresolved(unresolved), sockets!.isUnresolved(refused)], [true, false]);
  });

  testAwake("denoTransport.sockets connect, read, write and end", async () => {
    const listener = sockets!.listen((socket) => void socket.pumpTo(socket).then(() => socket.close()));
    const socket = await sockets!.connect({ host: "127.0.0.1", port: listener.port }, signal);
    assertEquals(await socket.write(new TextEncoder().encode("hello")), true);
    assertEquals(new TextDecoder().decode(await socket.read()), "hello");
    await socket.closeWrite();
    assertEquals(await socket.read(), undefined);
    socket.close();
    socket.close();
    assertEquals([await socket.read(), await socket.write(new Uint8Array(1))], [undefined, false]);
    await listener.close();
  });

  test("denoTransport.sockets.outOfDescriptors() recognizes an unreachable local port, and nothing else", async () => {
    const url = "http://a.test/";
    const shut = await failureOf(fetchWith({ proxyUrl: "socks5h://u:p@127.0.0.1:4" }, url));
    const dead = await failureOf(fetchWith({ proxyUrl: "http://127.0.0.1:4" }, url));
    const refused = await failureOf(sockets!.connect({ host: "127.0.0.1", port: 4 }, signal));
    assert(denoRuntime.isOutOfDescriptors(sockets!.outOfDescriptors(shut)));
    assertEquals([dead, refused, undefined].map(sockets!.outOfDescriptors), Array(3).fill(undefined));
  });

  test("denoTransport.sockets.listen() goes on after a connection for which there was no descriptor", async () => {
    await using folder = await tempFolder();
    await bundleProgram(folder, "full_door");
    const command = 'ulimit -n 64; exec "$0" run --quiet --allow-all "$1"';
    const args = ["-c", command, Deno.execPath(), `${folder.path}/full_door.js`];
    const { output } = await runCommand("sh", args, { quiet: true });
    assertEquals(output.trim(), "taken");
  });

  testAwake("denoTransport.sockets begin TLS, and check the certificate", async () => {
    await using server = await serveHttpsHere();
    const connect = () => sockets!.connect({ host: "127.0.0.1", port: server.port }, signal);
    const options = { serverName: "only.doh.test", caCerts: [CA], signal };
    const tls = await sockets!.startTls(await connect(), options);
    await tls.write(new TextEncoder().encode("GET /x HTTP/1.1\r\nhost: a.test\r\n\r\n"));
    assert(new TextDecoder().decode(await tls.read()).startsWith("HTTP/1.1 200"));
    tls.close();
    const wrong = await failureOf(
      sockets!.startTls(await connect(), { ...options, serverName: "other.test" }),
    );
    assert(wrong instanceof Error);
  });

  testAwake("denoTransport.sockets stop TLS when the signal aborts", async () => {
    await using silent = await serveSilence();
    const controller = new AbortController();
    const socket = await sockets!.connect({ host: "127.0.0.1", port: silent.port }, controller.signal);
    const options = { serverName: "a.test", caCerts: [CA], signal: controller.signal };
    const handshake = failureOf(sockets!.startTls(socket, options));
    controller.abort();
    assert(await handshake instanceof Error);
  });

  test("denoTransport.createSender() refuses a bad client certificate", () => {
    const clientCertificate = { cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" };
    assertThrows(() => denoTransport.createSender({ ...PLAIN_SENDER, clientCertificate }), Error);
  });
}

test("webTransport refuses every option that it does not support, and sends as fetch does", async () => {
  await using server = await serveHttpHere();
  const sender = webTransport.createSender(PLAIN_SENDER);
  assert((await (await sender.fetch(`http://127.0.0.1:${server.port}/a`, undefined)).text()).includes("/a"));
  assertEquals(Object.keys(webTransport.refused).length, 10);
});

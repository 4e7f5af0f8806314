import { assertEquals, assertRejects } from "@std/assert";
import { createCarrier } from "../../src/transport/carrier.ts";
import { Dialer } from "../../src/transport/dialer.ts";
import { readTransportOptions } from "../../src/transport/option_checks.ts";
import { ProxyExceptions } from "../../src/transport/proxy_exceptions.ts";
import { ProxyPool } from "../../src/transport/proxy_pool.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { Tunnel } from "../../src/transport/tunnel.ts";
import { TunnelCarrier } from "../../src/transport/tunnel_carrier.ts";
import { ProxyError } from "../../src/transport/transport_errors.ts";
import type { TransportOptions } from "../../src/transport/transport_options.ts";
import { coded, fakeRuntime, type SentRequest } from "../support/fake_transport_runtime.ts";
import { MemorySockets } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

function setUp(options: TransportOptions, answer: (request: SentRequest) => Response | Error) {
  const fake = fakeRuntime(answer, { sockets: new MemorySockets() });
  const carrier = createCarrier(readTransportOptions(options, fake.runtime), fake.runtime);
  const send = (url: string) => carrier.send(new URL(url), url, undefined);
  const ways = () => fake.sent.map(({ settings }) => settings.proxyUrl?.replace(/:[^:@]+@.*/, "") ?? "none");
  return { ...fake, carrier, send, ways };
}

test("TunnelCarrier creates a client for each way, and keeps it", async () => {
  const { send, ways, carrier, closed } = setUp(
    { proxy: ["http://user:secret@one.test", "socks5://two.test"] },
    () => new Response("x"),
  );
  for (let round = 0; round < 2; round++) {
    await send("https://a.test/");
    await send("https://a.test/");
    await send("http://a.test/");
    await send("http://a.test/");
  }
  const round = ["socks5h://0", "socks5h://1", "http://user", "socks5h://1"];
  assertEquals(ways(), [...round, ...round]);
  await carrier.close();
  // One of them was created to check the certificates.
  assertEquals(closed(), 4);
});

test("TunnelCarrier itself sends its credentials to a proxy over TLS, and never to a host that bypasses the proxy", async () => {
  const proxy = "https://us%40er:secret@one.test";
  const { send, ways, sent, carrier } = setUp({ proxy }, () => new Response("x"));
  await send("http://a.test/");
  assertEquals(ways(), ["https://one.test:443"]);
  assertEquals([...new Headers(sent[0]?.init.headers)], [["proxy-authorization", "Basic dXNAZXI6c2VjcmV0"]]);
  await carrier.close();
  const parts = { sockets: new MemorySockets(), env: () => null };
  const fake = fakeRuntime(() => new Response("x"), parts);
  const unsure = createCarrier(readTransportOptions({ proxy }, fake.runtime), fake.runtime);
  await unsure.send(new URL("http://a.test/"), "http://a.test/", undefined);
  assertEquals(fake.sent.map(({ init, settings }) => [init.headers, settings.proxyUrl?.slice(0, 12)]), [
    [undefined, "socks5h://0:"],
  ]);
  await unsure.close();
});

test("TunnelCarrier counts no connections that it can't see", async () => {
  const counting = setUp({ countConnections: true }, () => new Response("x"));
  assertEquals([counting.carrier.opened, counting.carrier.open], [0, 0]);
  const plain = setUp({}, () => new Response("x"));
  assertEquals([plain.carrier.opened, plain.carrier.open], [undefined, undefined]);
  const forwarding = setUp({ proxy: "http://one.test" }, () => new Response("x"));
  assertEquals(forwarding.carrier.opened, 0);
  await forwarding.send("http://a.test/");
  assertEquals(forwarding.carrier.opened, undefined);
  // The environment may name hosts that bypass the tunnel.
  for (const value of ["b.test", null]) {
    const { runtime } = fakeRuntime(() => new Response("x"), {
      sockets: new MemorySockets(),
      env: () => value,
    });
    const unsure = createCarrier(readTransportOptions({ countConnections: true }, runtime), runtime);
    assertEquals([unsure.opened, unsure.open], [undefined, undefined]);
    await unsure.close();
  }
});

test("TunnelCarrier counts against neither proxy nor origin if the process has no descriptor left", async () => {
  for (const options of [{ proxy: "http://one.test" }, { countConnections: true }]) {
    const { send } = setUp(options, () => coded("EMFILE"));
    for (const url of ["http://a.test/", "https://a.test/"]) {
      await assertRejects(() => send(url), TypeError, "EMFILE");
    }
  }
  const isUnsent = (): boolean => true;
  const fake = fakeRuntime(() => coded("EMFILE"), { sockets: new MemorySockets(), isUnsent });
  const carrier = createCarrier(
    readTransportOptions({ proxy: "http://one.test" }, fake.runtime),
    fake.runtime,
  );
  for (const url of ["http://a.test/", "https://a.test/"]) {
    await assertRejects(() => carrier.send(new URL(url), url, undefined), TypeError, "EMFILE");
  }
  await carrier.close();
});

test("TunnelCarrier names the proxy that forwards http, and passes on unknown failures", async () => {
  const refusing = setUp({ proxy: "http://u:secret@one.test" }, () => coded("ECONNREFUSED"));
  await assertRejects(
    () => refusing.send("http://a.test/"),
    ProxyError,
    "http://one.test:80 could not be reached",
  );
  const broken = setUp({ proxy: "http://one.test" }, () => coded("ECONNRESET"));
  for (const url of ["http://a.test/", "https://a.test/"]) {
    await assertRejects(() => broken.send(url), ProxyError, "http://one.test:80 broke the connection off");
  }
  for (const options of [{ countConnections: true }, {}]) {
    const { send } = setUp(options, () => coded("ECONNRESET"));
    for (const url of ["http://a.test/", "https://a.test/"]) {
      await assertRejects(() => send(url), TypeError, "ECONNRESET");
    }
  }
});

test("TunnelCarrier counts neither for nor against a proxy for a host that is reached without it", async () => {
  const { runtime, sent } = fakeRuntime(() => coded("ECONNREFUSED"), { sockets: new MemorySockets() });
  const settings = readTransportOptions({ proxy: ["http://one.test", "socks5://two.test"] }, runtime);
  const pool = new ProxyPool(settings.proxies!.addresses, settings.proxies!.pool);
  const clock = new ManualClock();
  const sockets = runtime.sockets!;
  const dialer = new Dialer({ sockets, clock, connectTimeoutMs: undefined, caCerts: [], dns: undefined });
  const carrier = new TunnelCarrier({
    runtime,
    sender: settings.sender,
    tunnel: new Tunnel({ sockets, dialer, clock, proxies: settings.proxies!.addresses }),
    pool,
    exceptions: new ProxyExceptions(() => "a.test"),
  });
  for (const url of ["http://a.test/", "https://x.a.test/"]) {
    const error = await assertRejects(() => carrier.send(new URL(url), url, undefined), TypeError);
    assertEquals(error.message, "ECONNREFUSED");
  }
  assertEquals(pool.proxies.map(({ failures }) => failures), [0, 0]);
  // A redirect to another host uses the proxy.
  assertEquals(sent.map(({ settings }) => settings.proxyUrl?.startsWith("socks5h://0:")), [true, true]);
  assertEquals([carrier.opened, carrier.open], [undefined, undefined]);
  await carrier.close();
});

import { assertEquals, assertInstanceOf } from "@std/assert";
import { createCarrier } from "../../src/transport/carrier.ts";
import { readTransportOptions } from "../../src/transport/option_checks.ts";
import { RequestCarrier } from "../../src/transport/request_carrier.ts";
import { TunnelCarrier } from "../../src/transport/tunnel_carrier.ts";
import type { TransportOptions } from "../../src/transport/transport_options.ts";
import { fakeRuntime } from "../support/fake_transport_runtime.ts";
import { MemorySockets } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

function make(options: TransportOptions, sockets?: MemorySockets) {
  const fake = fakeRuntime(() => new Response("x"), { sockets });
  return { ...fake, carrier: createCarrier(readTransportOptions(options, fake.runtime), fake.runtime) };
}

test("createCarrier() opens a tunnel only for requests that need one", async () => {
  const needing: TransportOptions[] = [
    { connectTimeoutMs: 1 },
    { countConnections: true },
    { dns: {} },
    { proxy: "http://a" },
  ];
  for (const options of needing) {
    const sockets = new MemorySockets();
    const { carrier } = make(options, sockets);
    assertEquals(sockets.accept === undefined, false);
    await carrier.close();
  }
  for (const options of [{}, { http2: false, keepAlive: false }]) {
    const sockets = new MemorySockets();
    assertInstanceOf(make(options, sockets).carrier, TunnelCarrier);
    assertEquals(sockets.accept, undefined);
  }
});

test("createCarrier() lets each request choose its way where the runtime supports that", () => {
  assertInstanceOf(make({ proxy: "http://a" }).carrier, RequestCarrier);
});

test("createCarrier() also closes the sender that asks resolvers", async () => {
  const { carrier, closed } = make({ dns: {} });
  await carrier.close();
  assertEquals(closed(), 2);
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { NetworkError } from "../../src/errors.ts";
import type { ClientTransport } from "../../src/http/client_transport.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { markOwn, ProxyError } from "../../src/transport/transport_errors.ts";
import { createTransport } from "../../src/transport/mod.ts";
import { serveHttpHere } from "../support/net_servers.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/";
const FAILURES = [{
  proxy: "http://p.test:80",
  failure: "asks for credentials, which its URL has to name: 407",
  status: 407,
}];

/** Creates a transport that returns these results in order; the last one repeats. */
function fakeTransport(results: readonly (Response | Error)[], negotiatesHttp2 = false) {
  const sent: (string | URL | Request)[] = [];
  const transport: ClientTransport = {
    fetch: (input) => {
      const result = results[Math.min(sent.push(input), results.length) - 1]!;
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result.clone());
    },
    negotiatesHttp2,
    isOwnFailure: (error) => error instanceof ProxyError,
    connectionStats: () => ({
      requests: sent.length,
      opened: undefined,
      open: undefined,
      reused: undefined,
      reuseRate: undefined,
    }),
  };
  return { transport, sent };
}

const ok = () => Response.json("ok");
const proxyError = () => markOwn(new ProxyError("a.test", FAILURES));

test("transport × fetch: a client takes one of the two", () => {
  const { transport } = fakeTransport([ok()]);
  const fetch = () => Promise.resolve(ok());
  assertThrows(
    () => createClient({ transport, fetch }),
    TypeError,
    "'transport' must be left out beside 'fetch'",
  );
  createClient({ transport, fetch: undefined });
  createClient({ fetch, transport: undefined });
});

test("transport × other options: what is none is refused, and what belongs to it is sent there", () => {
  for (const transport of [{}, { fetch() {} }, "http://proxy.test", null, () => {}]) {
    const options = { transport } as unknown as ClientOptions;
    assertThrows(
      () => createClient(options),
      TypeError,
      "'transport' must be a transport: createTransport()",
    );
  }
  for (const name of ["proxy", "dns", "http2", "caCerts", "connectTimeoutMs"]) {
    const options = { [name]: "x" } as ClientOptions;
    assertThrows(
      () => createClient(options),
      TypeError,
      `'${name}' is not an option here: give it to createTransport()`,
    );
  }
});

test("transport × every way: json, fetch, batches and local URLs", async () => {
  const { transport, sent } = fakeTransport([ok()]);
  await using client = createClient({ transport });
  assertEquals(await client.json(URL_A), "ok");
  assertEquals(await (await client.fetch(URL_A)).json(), "ok");
  assertEquals(await client.all([`${URL_A}1`, `${URL_A}2`]), ["ok", "ok"]);
  assertEquals(sent.length, 4);
});

test("transport × retry: a proxy's failure is tried again", async () => {
  const clock = new ManualClock();
  const { transport, sent } = fakeTransport([proxyError(), proxyError(), ok()]);
  await using client = createClient({ transport, clock });
  assertEquals(await clock.run(client.json(URL_A)), "ok");
  assertEquals(sent.length, 3);
});

test("transport × breaker: a proxy's failures do not open it, those of the origin do", async () => {
  for (const [error, breaker] of [[proxyError(), "closed"], [new TypeError("reset"), "open"]] as const) {
    const { transport } = fakeTransport([error]);
    await using client = createClient({
      transport,
      maxRetries: 0,
      circuitBreaker: { threshold: 2, cooldownMs: 1_000 },
    });
    for (let count = 0; count < 2; count++) await assertRejects(() => client.json(URL_A), NetworkError);
    assertEquals(client.stats().origins["https://a.test"]?.breaker, breaker);
  }
});

test("transport × errors: the message says what the proxy did", async () => {
  const { transport } = fakeTransport([Object.assign(proxyError(), { cause: new Error("deeper") })]);
  await using client = createClient({ transport, maxRetries: 0 });
  const error = await assertRejects(() => client.json(URL_A), NetworkError);
  assertEquals(
    error.message,
    "GET https://a.test/ failed: Cannot reach a.test through a proxy: http://p.test:80 asks for credentials, which its URL has to name: 407",
  );
  assert(error.cause instanceof ProxyError);
});

test("transport × warm-up: one request goes ahead where HTTP/2 may be agreed upon", async () => {
  for (const [negotiatesHttp2, expected] of [[true, 1], [false, 5]] as const) {
    const { transport, sent } = fakeTransport([ok()], negotiatesHttp2);
    await using client = createClient({ transport, concurrency: 5 });
    const all = client.all(Array.from({ length: 5 }, (_, index) => URL_A + index));
    assertEquals(sent.length, expected);
    await all;
  }
});

test("transport × extend: an extension uses that of its client, and can't have another", async () => {
  const { transport, sent } = fakeTransport([proxyError(), ok()]);
  await using client = createClient({
    transport,
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 1 },
  });
  const extended = client.extend({ headers: { "x-a": "b" } });
  await assertRejects(() => extended.json(URL_A), NetworkError);
  assertEquals(await extended.json(URL_A), "ok");
  assertEquals([sent.length, client.stats().origins["https://a.test"]?.breaker], [2, "closed"]);
  assertThrows(() => client.extend({ transport } as object), TypeError, "'transport' is not an option here");
});

test("transport × several clients: closing one leaves it to the others", async () => {
  await using server = await serveHttpHere();
  await using transport = createTransport();
  for (let count = 0; count < 2; count++) {
    await using client = createClient({ transport });
    await client.json(`http://127.0.0.1:${server.port}/`);
  }
  assertEquals(transport.connectionStats().requests, 2);
  assertEquals(server.connections, 1);
});

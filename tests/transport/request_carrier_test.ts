import { assertEquals, assertRejects } from "@std/assert";
import { parseProxy } from "../../src/transport/proxy_address.ts";
import { ProxyExceptions } from "../../src/transport/proxy_exceptions.ts";
import { ProxyPool } from "../../src/transport/proxy_pool.ts";
import { RequestCarrier } from "../../src/transport/request_carrier.ts";
import { ProxyError } from "../../src/transport/transport_errors.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { coded, fakeRuntime, PLAIN_SENDER, type SentRequest } from "../support/fake_transport_runtime.ts";
import { test } from "../support/test.ts";

const URL_A = new URL("https://a.test/x");

function setUp(
  answer: (request: SentRequest) => Response | Error,
  http2?: boolean,
  proxies: string[] = [],
  noProxy = "",
) {
  const fake = fakeRuntime(answer);
  const pool = new ProxyPool(proxies.map((url) => parseProxy(url, "proxy")), {
    strategy: "round-robin",
    maxFailures: 3,
    cooldownMs: 1_000,
    clock: new ManualClock(),
    random: Math.random,
  });
  const carrier = new RequestCarrier({
    runtime: fake.runtime,
    sender: { ...PLAIN_SENDER, http2 },
    pool: proxies.length === 0 ? undefined : pool,
    exceptions: new ProxyExceptions(() => noProxy),
    names: undefined,
  });
  const send = (init?: RequestInit, url = URL_A) => carrier.send(url, url.href, init);
  const protocols = () => fake.sent.map(({ route }) => route.http2 === true ? 2 : 1);
  return { ...fake, carrier, send, protocols, pool };
}

test("RequestCarrier sends a request as it is, without HTTP/2", async () => {
  for (const http2 of [undefined, false]) {
    const { send, sent, carrier } = setUp(() => new Response("x"), http2);
    await send({ headers: { a: "b" } });
    assertEquals([sent[0]!.url, sent[0]!.route, sent[0]!.init], [URL_A.href, {}, { headers: { a: "b" } }]);
    assertEquals([carrier.opened, carrier.open], [undefined, undefined]);
  }
});

test("RequestCarrier tries HTTP/2 once for each origin, and remembers the result", async () => {
  const refusing = ({ route, url }: SentRequest) =>
    route.http2 && url.includes("a.test") ? coded("EPROTO") : new Response("x");
  const { send, protocols } = setUp(refusing, true);
  await send();
  await send();
  await send(undefined, new URL("https://b.test/"));
  await send({ method: "POST" }, new URL("https://b.test/"));
  await send(undefined, new URL("http://b.test/"));
  assertEquals(protocols(), [2, 1, 1, 2, 2, 1]);
});

test("RequestCarrier does not try HTTP/2 for a request that must not be sent twice", async () => {
  const { send, protocols } = setUp(() => new Response("x"), true);
  await send({ method: "POST", body: "x" });
  await send({ method: "GET", body: new Blob(["x"]).stream() });
  await send();
  await send({ method: "POST", body: "x" });
  assertEquals(protocols(), [1, 1, 2, 2]);
});

test("RequestCarrier does not fall back once an origin has used HTTP/2, nor after other failures", async () => {
  const errors = [coded("ECONNRESET"), undefined, coded("EPROTO")];
  const { send, protocols } = setUp(() => errors.shift() ?? new Response("x"), true);
  await assertRejects(() => send(), TypeError, "ECONNRESET");
  await send();
  await assertRejects(() => send(), TypeError, "EPROTO");
  assertEquals(protocols(), [2, 2, 2]);
});

test("RequestCarrier uses the proxies in turn, and goes on to the next one after a failure", async () => {
  const refusing = ({ route }: SentRequest) =>
    route.proxyUrl === "http://u:secret@one.test" ? coded("ECONNREFUSED") : new Response("x");
  const { send, sent } = setUp(refusing, true, ["http://u:secret@one.test", "http://two.test"]);
  await send();
  await send();
  assertEquals(sent.map(({ route }) => route), [
    { proxyUrl: "http://u:secret@one.test" },
    { proxyUrl: "http://two.test" },
    { proxyUrl: "http://two.test" },
  ]);
});

test("RequestCarrier reports how a proxy has refused, and passes on other failures", async () => {
  const cases: readonly (readonly [Error | Response, string, string])[] = [
    [coded("ERR_PROXY_TUNNEL", { status: 403 }), "https", "refused with 403"],
    [coded("ERR_PROXY_TUNNEL", { status: 0 }), "https", "did not answer as a proxy does"],
    [coded("ENOTFOUND"), "https", "could not be reached: ENOTFOUND"],
    [new Response("no", { status: 407 }), "http", "asks for other credentials: 407"],
  ];
  for (const [answer, scheme, failure] of cases) {
    const { send } = setUp(() => answer, undefined, ["http://u:secret@one.test"]);
    const error = await assertRejects(() => send({}, new URL(`${scheme}://a.test/`)), ProxyError, failure);
    assertEquals(error.failures[0]!.proxy, "http://one.test:80");
  }
  const { send } = setUp(() => coded("EMFILE"), undefined, ["http://one.test"]);
  await assertRejects(() => send(), TypeError, "EMFILE");
  // Over TLS, a 407 comes from the origin.
  const asking = setUp(() => new Response("no", { status: 407 }), undefined, ["http://one.test"]);
  assertEquals((await asking.send()).status, 407);
});

test("RequestCarrier counts neither for nor against a proxy for a host that is reached without it", async () => {
  const proxies = ["http://one.test", "http://two.test"];
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "ECONNRESET"]) {
    const failing = setUp(() => coded(code), undefined, proxies, "a.test");
    assertEquals((await assertRejects(() => failing.send(), TypeError)).message, code);
    assertEquals(failing.pool.proxies.map(({ failures }) => failures), [0, 0]);
    // A redirect to another host uses the proxy.
    assertEquals(failing.sent.map(({ route }) => route.proxyUrl), ["http://one.test"]);
    await assertRejects(() => failing.send(undefined, new URL("https://b.test/")), ProxyError);
  }
  const { pool, send } = setUp(() => new Response("x"), undefined, proxies, "a.test");
  pool.proxies.forEach((proxy) => pool.noteFailure(proxy));
  await send();
  assertEquals(pool.proxies.map(({ failures }) => failures), [1, 1]);
});

test("RequestCarrier.close() closes its sender", async () => {
  const { carrier, closed } = setUp(() => new Response("x"));
  await carrier.close();
  assertEquals(closed(), 1);
});

import { assertEquals, assertThrows } from "@std/assert";
import { webTransport } from "../../src/runtime/transport/web.ts";
import { readTransportOptions } from "../../src/transport/option_checks.ts";
import type { TransportOptions } from "../../src/transport/transport_options.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { fakeRuntime, PLAIN_SENDER } from "../support/fake_transport_runtime.ts";
import { CA, CERTIFICATE, KEY } from "../support/net_servers.ts";
import { test } from "../support/test.ts";

const { runtime } = fakeRuntime(() => new Response());

function read(options: unknown) {
  return readTransportOptions(options as TransportOptions, runtime);
}

test("readTransportOptions() sets nothing without options", () => {
  assertEquals(read({}), {
    sender: PLAIN_SENDER,
    connectTimeoutMs: undefined,
    proxies: undefined,
    dns: undefined,
    countConnections: false,
    clock: systemClock,
  });
  assertEquals(read({ keepAlive: undefined, dns: undefined, connectTimeoutMs: Infinity }), read({}));
});

test("readTransportOptions() accepts valid options", () => {
  const { sender, proxies, connectTimeoutMs } = read({
    keepAlive: true,
    idleTimeoutMs: 1,
    maxIdleConnections: 2,
    http2: true,
    caCerts: [CA],
    clientCertificate: { cert: CERTIFICATE, key: KEY },
    connectTimeoutMs: 3,
    proxy: { urls: ["http://a", new URL("http://b")], strategy: "random", maxFailures: 4, cooldownMs: 5 },
  });
  assertEquals([sender.idleTimeoutMs, sender.maxIdleConnections, sender.http2, connectTimeoutMs], [
    1,
    2,
    true,
    3,
  ]);
  assertEquals(proxies?.addresses.map(({ label }) => label), ["http://a:80", "http://b:80"]);
  assertEquals([proxies?.pool.strategy, proxies?.pool.maxFailures, proxies?.pool.cooldownMs], [
    "random",
    4,
    5,
  ]);
  for (const proxy of ["http://a", new URL("http://a"), ["http://a"], { urls: ["http://a"] }]) {
    assertEquals(read({ proxy }).proxies?.addresses.length, 1);
  }
});

test("readTransportOptions() reads the URLs of resolvers", () => {
  assertEquals(read({ dns: {} }).dns, {
    servers: ["https://1.1.1.1/dns-query", "https://8.8.8.8/dns-query"],
    when: "fallback",
    timeoutMs: 5_000,
    maxNegativeTtlMs: 30_000,
  });
  const doh = [
    "https://dns.test/q{?dns}",
    "http://127.0.0.1:1/q",
    "http://[::1]:1/q",
    new URL("http://localhost/q"),
  ];
  assertEquals(read({ dns: { doh, when: "always" } }).dns?.servers, [
    "https://dns.test/q",
    "http://127.0.0.1:1/q",
    "http://[::1]:1/q",
    "http://localhost/q",
  ]);
});

test("readTransportOptions() names the bad option and the rule", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, "the options must be an object"],
    [{ keepAlive: 1 }, "'keepAlive' must be true or false: received 1"],
    [{ idleTimeoutMs: 0 }, "'idleTimeoutMs' must be a positive number of milliseconds: received 0"],
    [{ maxIdleConnections: 1.5 }, "'maxIdleConnections' must be a positive integer: received 1.5"],
    [{ keepAlive: false, idleTimeoutMs: 1 }, "'idleTimeoutMs' must be left out where 'keepAlive' is false"],
    [{ keepAlive: false, maxIdleConnections: 1 }, "'maxIdleConnections' must be left out"],
    [{ http2: "yes" }, "'http2' must be true or false"],
    [{ caCerts: CA }, "'caCerts' must be an array of certificates as PEM texts: received one certificate"],
    [{ caCerts: "garbage" }, "'caCerts' must be an array of certificates as PEM texts: received a value of"],
    [{ caCerts: ["ca.pem"] }, "'caCerts[0]' must be a certificate as PEM text: received another text"],
    [{ caCerts: [CA, 5] }, "'caCerts[1]' must be a certificate as PEM text: received a value of type number"],
    [{ caCerts: [KEY] }, "'caCerts[0]' must be a certificate as PEM text: received a PEM text that is cut"],
    [{ caCerts: [CA.slice(0, 200)] }, "'caCerts[0]' must be"],
    [
      { proxy: { urls: "http://u:hunter2@p.test" } },
      "'proxy.urls' must be a non-empty array of URLs: received a string",
    ],
    [{ dns: "https://u:hunter2@r.test" }, "'dns' must be { doh, when }: received a string"],
    [{ dns: { doh: "https://r.test/?token=hunter2" } }, "or a non-empty array of URLs: received a string"],
    [{ proxies: ["http://p.test"] }, "'proxies' is not an option here: it is called 'proxy'"],
    [{ ca: CA }, "it is called 'caCerts'"],
    [{ rejectUnauthorized: false }, "name the authority in 'caCerts'"],
    [{ proxy: { urls: ["http://p.test"], bypass: [] } }, "hosts that need no proxy are for a client"],
    [{ dns: { servers: [] } }, "it is called 'doh'"],
    [{ clientCertificate: { cert: KEY, key: CERTIFICATE } }, "'clientCertificate' must be { cert, key }"],
    [{ clientCertificate: null }, "'clientCertificate' must be { cert, key }"],
    [{ connectTimeoutMs: NaN }, "'connectTimeoutMs' must be a positive number"],
    [{ countConnections: "yes" }, "'countConnections' must be true or false"],
    [{ clock: {} }, "'clock' must be a clock"],
    [{ random: 1 }, "'random' must be a function"],
    [{ proxy: "a:80" }, "'proxy' must be a URL"],
    [{ proxy: [] }, "'proxy' must be a non-empty array"],
    [{ proxy: ["http://a", "b"] }, "'proxy[1]' must be a URL"],
    [{ proxy: null }, "'proxy' must be a URL"],
    [{ proxy: {} }, "'proxy.urls' must be a non-empty array"],
    [{ proxy: { urls: ["http://a"], strategy: "best" } }, "'proxy.strategy' must be 'round-robin'"],
    [{ proxy: { urls: ["http://a"], cooldown: 1 } }, "did you mean 'cooldownMs'?"],
    [{ proxy: { urls: ["http://a"], maxFailures: 0 } }, "'proxy.maxFailures' must be a positive integer"],
    [{ dns: true }, "'dns' must be { doh, when }"],
    [{ dns: { doh: [] } }, "'dns.doh' must be true, or a non-empty array"],
    [
      { dns: { doh: ["http://dns.test/"] } },
      "'dns.doh[0]' must be a URL with https, or with http on this machine",
    ],
    [{ dns: { when: "never" } }, "'dns.when' must be 'fallback' or 'always'"],
    [{ dns: { wen: "always" } }, "'dns.wen' is not an option: did you mean 'when'?"],
    [{ dns: {}, proxy: "http://a" }, "'dns' must be left out beside 'proxy'"],
    [{ keepalive: true }, "did you mean 'keepAlive'?"],
    [{ maxConnectionsPerOrigin: 4 }, "perOrigin: { concurrency }"],
    [{ doh: true }, "put it into 'dns'"],
    [{ cooldownMs: 1 }, "put it into 'proxy'"],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => read(options), Error, "Cannot create transport as ");
    assertThrows(() => read(options), Error, message);
  }
});

test("readTransportOptions() refuses options beyond the runtime, and accepts those that turn them off", () => {
  const beyond: TransportOptions[] = [{ keepAlive: true }, { http2: false }, { caCerts: [] }, { dns: {} }];
  for (const options of beyond) {
    assertThrows(() => readTransportOptions(options, webTransport), TypeError, "is beyond this runtime");
  }
  // Options that this runtime would have to read, but does not need.
  const unread: TransportOptions[] = [
    { caCerts: ["-----BEGIN CERTIFICATE-----"] },
    { clientCertificate: { cert: "", key: "" } },
    { dns: { doh: ["dns.test"] } },
    { proxy: "proxy.test" },
  ];
  for (const options of unread) {
    assertThrows(() => readTransportOptions(options, webTransport), TypeError, "is beyond this runtime");
  }
  readTransportOptions({ countConnections: false, dns: undefined }, webTransport);
  const http = fakeRuntime(() => new Response(), { refusesSocks: "no SOCKS here" }).runtime;
  const error = assertThrows(
    () => readTransportOptions({ proxy: "socks5://u:secret@a" }, http),
    TypeError,
    "the proxy socks5://a:1080 is beyond Fake: no SOCKS here",
  );
  assertEquals(error.message.includes("secret"), false);
});

import process from "node:process";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { isNetworkError } from "../../src/errors.ts";
import { createClient } from "../../src/client/create_client.ts";
import {
  CertificateError,
  createTransport,
  ProxyError,
  ResolverError,
  type Transport,
  TransportClosedError,
  TransportError,
  type TransportOptions,
} from "../../src/transport/mod.ts";
import {
  CA,
  type HttpListener,
  type NetServer,
  OLD_CERTIFICATE,
  OLD_KEY,
  serveHttpHere,
  serveHttpsHere,
  serveProxy,
  serveResolver,
  serveSilence,
  serveSocks,
  serveText,
} from "../support/net_servers.ts";
import { bundleProgram, startProgram } from "../support/program.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

async function closedTransport(): Promise<Transport> {
  const transport = createTransport();
  await transport.close();
  return transport;
}

const onDeno = runtime === "deno";

function failureOf(promise: Promise<unknown>): Promise<Error> {
  return assertRejects(() => promise, Error);
}

test("createTransport() creates a fetch that can be used alone, and counts answers", async () => {
  await using server = await serveHttpHere();
  await using transport = createTransport({ keepAlive: true });
  const { fetch } = transport;
  const response = await fetch(`http://127.0.0.1:${server.port}/a`);
  assertEquals(await response.json(), { host: `127.0.0.1:${server.port}`, url: "/a" });
  assertEquals(await (await fetch("data:,x")).text(), "x");
  assertEquals(transport.connectionStats(), {
    requests: 1,
    opened: undefined,
    open: undefined,
    reused: undefined,
    reuseRate: undefined,
  });
});

test("createTransport() sends the host header of a request, but to no other origin", async () => {
  await using server = await serveHttpHere();
  await using moved = await serveHttpHere((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${server.port}/there` }).end();
  });
  await using transport = createTransport();
  await using client = createClient({ transport });
  const host = "virtual.test";
  const [here, there] = [server, moved].map(({ port }) => `http://127.0.0.1:${port}/`) as [string, string];
  for (const headers of [{ Host: host }, new Headers({ host }), [["HOST", host]] as [string, string][]]) {
    assertEquals((await (await transport.fetch(here, { headers })).json()).host, host);
    assertEquals((await (await transport.fetch(new Request(here), { headers })).json()).host, host);
  }
  assertEquals(await client.json(here, { headers: { Host: host } }), { host, url: "/" });
  assertEquals(await client.json(here), { host: new URL(here).host, url: "/" });
  assertEquals(await client.json(there, { headers: { Host: host } }), {
    host: new URL(here).host,
    url: "/there",
  });
});

test("createTransport() sends one host over TLS, although HTTP/2 would add that of the URL", async () => {
  if (!onDeno) return;
  const { CERTIFICATE, serveTls } = await import("../support/tls_server.ts");
  await using server = serveTls();
  await using transport = createTransport({ caCerts: [CERTIFICATE] });
  const hostOf = async (headers: HeadersInit): Promise<string> => {
    const { origin } = await (await transport.fetch(server.url, { headers })).json();
    return new URL(origin).hostname;
  };
  assertEquals(await hostOf({ host: "virtual.test" }), "virtual.test");
  assertEquals(await hostOf({}), "127.0.0.1");
});

test("createTransport() closes each connection after its response with keepAlive: false", async () => {
  await using server = await serveHttpHere();
  await using transport = createTransport({ keepAlive: false });
  for (let count = 0; count < 3; count++) {
    await (await transport.fetch(`http://127.0.0.1:${server.port}/`)).text();
  }
  assertEquals(server.connections, 3);
});

test("createTransport() keeps idle connections for any time, also without a limit", async () => {
  await using server = await serveHttpHere();
  for (const idleTimeoutMs of [1e9, Infinity]) {
    await using transport = createTransport({ idleTimeoutMs });
    assertEquals((await (await transport.fetch(`http://127.0.0.1:${server.port}/`)).json()).url, "/");
  }
});

test("createTransport() refuses all requests once it is closed", async () => {
  const transport = createTransport();
  await transport.close();
  await transport.close();
  await assertRejects(
    () => transport.fetch("http://127.0.0.1:9/"),
    TransportClosedError,
    "the transport is closed",
  );
});

test("createTransport() makes a client say at once that the transport is closed: for a request, a batch, and a body to send", async () => {
  await using client = createClient({ transport: await closedTransport() });
  const url = "http://127.0.0.1:9/";
  const attempts: number[] = [];
  client.on((event) => void (event.type === "attempt" && attempts.push(event.attempt)));
  await assertRejects(() => client.json(url), TransportClosedError);
  await assertRejects(() => client.fetch(url, { method: "POST", body: "x" }), TransportClosedError);
  const outcomes = await client.settle([url, `${url}b`]);
  assertEquals(
    outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.name),
    Array(2).fill("TransportClosedError"),
  );
  assertEquals(attempts, [1, 1, 1, 1]);
  assertEquals(client.stats().origins["http://127.0.0.1:9"]?.breaker, "closed");
});

test("createTransport() says of all requests that its close breaks off that it is closed, at every stage", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await serveHttpsHere(() => asked.resolve());
  await using silence = await serveSilence();
  const proxyUrl = `http://127.0.0.1:${silence.port}`;
  const url = `https://localhost:${server.port}/`;
  for (const options of [{}, { proxy: [proxyUrl, `${proxyUrl}/`] }]) {
    const begun = "proxy" in options ? silence.read() : asked.promise;
    const transport = createTransport({ caCerts: [CA], ...options });
    const requests = [1, 2, 3].map(() => failureOf(transport.fetch(url)));
    await begun;
    await transport.close();
    // Not every runtime breaks off requests under way.
    await ("proxy" in options ? silence : server)[Symbol.asyncDispose]();
    for (const request of requests) assert(await request instanceof TransportClosedError);
  }
});

test("createTransport() rejects with a signal's reason when that aborts after the close", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await serveHttpHere(() => asked.resolve());
  const transport = createTransport();
  const controller = new AbortController();
  const url = `http://127.0.0.1:${server.port}/`;
  const request = failureOf(transport.fetch(url, { signal: controller.signal }));
  await asked.promise;
  await transport.close();
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await request, reason);
});

test("createTransport() trusts caCerts, and no others", async () => {
  await using server = await serveHttpsHere();
  await using trusting = createTransport({ caCerts: [CA] });
  await using wary = createTransport();
  assertEquals((await (await trusting.fetch(`https://localhost:${server.port}/`)).json()).url, "/");
  const error = await assertRejects(() => wary.fetch(`https://localhost:${server.port}/`), CertificateError);
  assertEquals([error.hop, error.reason, error.host], ["origin", "untrusted", `localhost:${server.port}`]);
  assertStringIncludes(error.message, "if its authority is a private one, 'caCerts' has to name it");
});

test("createTransport() also trusts the runtime's certificates besides its caCerts", async () => {
  await using folder = await tempFolder();
  const { writeFile } = await import("node:fs/promises");
  const file = `${folder.path}/ca.pem`;
  await writeFile(file, CA);
  await bundleProgram(folder, "trust_both");
  const before = process.env.NODE_EXTRA_CA_CERTS;
  process.env.NODE_EXTRA_CA_CERTS = file;
  const { ended } = startProgram(folder, runtime, "trust_both", ".");
  if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
  else process.env.NODE_EXTRA_CA_CERTS = before;
  assertEquals(await ended, "200\n200\n");
});

test("createTransport() says what is wrong with a certificate, directly and through a proxy", async () => {
  await using old = await serveHttpsHere(undefined, { cert: OLD_CERTIFICATE, key: OLD_KEY });
  await using named = await serveHttpsHere();
  let port = 0;
  await using proxy = await serveProxy({ leadsTo: () => port });
  for (const options of [{}, { proxy: `http://127.0.0.1:${proxy.port}` }]) {
    await using transport = createTransport({ caCerts: [CA, OLD_CERTIFICATE], ...options });
    port = old.port;
    const expired = await assertRejects(
      () => transport.fetch(`https://localhost:${old.port}/`),
      CertificateError,
      "the server has to renew it",
    );
    assertEquals([expired.hop, expired.reason], ["origin", "expired"]);
    port = named.port;
    const url = `https://127.0.0.2:${named.port}/`;
    if ("proxy" in options) {
      const wrong = await assertRejects(
        () => transport.fetch(url),
        CertificateError,
        "has none for this name",
      );
      assertEquals([wrong.reason, wrong.host], ["wrong-name", `127.0.0.2:${named.port}`]);
    }
  }
});

test("createTransport() tells a client which certificate was refused, and why", async () => {
  await using server = await serveHttpsHere();
  await using transport = createTransport();
  await using client = createClient({ transport, maxRetries: 0 });
  const error = await failureOf(client.json(`https://localhost:${server.port}/`));
  assertEquals(error.name, "NetworkError");
  assertStringIncludes(error.message, `Cannot trust the certificate of localhost:${server.port}`);
  assert(error.cause instanceof CertificateError);
});

test("createTransport() refuses unreadable certificates when it is created", () => {
  const body = CA.split("\n");
  const wrong = [
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", // whole, but empty
    "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----",
    body.toSpliced(2, 1).join("\n"),
    body.slice(0, -3).join("\n"),
  ];
  for (const text of wrong) {
    assertThrows(() => createTransport({ caCerts: [CA, text] }), TypeError, "caCerts");
  }
});

test("createTransport() falls back to HTTP/1.1 for an origin that refuses HTTP/2", async () => {
  await using server = await serveHttpsHere();
  await using transport = createTransport({ caCerts: [CA], http2: true });
  const url = `https://localhost:${server.port}/`;
  for (let count = 0; count < 3; count++) assertEquals((await (await transport.fetch(url)).json()).url, "/");
  // Bun makes one more connection for its attempt with HTTP/2, and no others.
  assertEquals(server.connections, onDeno ? 1 : 2);
});

test("createTransport() resolves a name that only its resolver knows, over TLS", async () => {
  await using server = await serveHttpsHere();
  await using resolver = await serveResolver({ "only.doh.test": "127.0.0.1" });
  for (const when of ["fallback", "always"] as const) {
    await using transport = createTransport({ caCerts: [CA], dns: { doh: [resolver.url], when } });
    const url = `https://only.doh.test:${server.port}/x`;
    const response = await transport.fetch(url);
    assertEquals([response.url, await response.json()], [url, {
      host: `only.doh.test:${server.port}`,
      url: "/x",
    }]);
    await (await transport.fetch(url)).text();
  }
  assertEquals(resolver.asked.sort(), [
    "A only.doh.test",
    "A only.doh.test",
    "AAAA only.doh.test",
    "AAAA only.doh.test",
  ]);
  assertEquals(server.connections, 2);
});

test("createTransport() asks resolvers, and reaches their hosts, without the environment's proxy", async () => {
  await using server = await serveHttpHere();
  await using resolver = await serveResolver({ "only.doh.test": "127.0.0.1" });
  await using proxy = await serveProxy({ refusesWith: 403, leadsTo: () => server.port });
  const before = process.env.http_proxy;
  process.env.http_proxy = `http://127.0.0.1:${proxy.port}`;
  try {
    for (const when of ["always", "fallback"] as const) {
      await using transport = createTransport({ dns: { doh: [resolver.url], when } });
      const response = await transport.fetch(`http://only.doh.test:${server.port}/`);
      assertEquals(await response.json(), { host: `only.doh.test:${server.port}`, url: "/" });
    }
  } finally {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
  }
  assertEquals(proxy.asked, []);
});

test("createTransport() sends a body to a name that only its resolver knows", async () => {
  await using server = await serveHttpHere((request, response) => request.pipe(response));
  await using resolver = await serveResolver({ "only.doh.test": "127.0.0.1" });
  await using transport = createTransport({ dns: { doh: [resolver.url] } });
  const url = `http://only.doh.test:${server.port}/x`;
  const stream = new Blob(["streamed"]).stream();
  const bodies: [BodyInit, string][] = [["text", "text"], [stream, "streamed"]];
  for (const [body, expected] of bodies) {
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    assertEquals(await (await transport.fetch(url, init)).text(), expected);
  }
  const request = new Request(url, { method: "PUT", body: "of a request", headers: { "x-a": "b" } });
  assertEquals(await (await transport.fetch(request)).text(), "of a request");
});

test("createTransport() refuses a certificate that is not for the name, whatever the address", async () => {
  await using server = await serveHttpsHere();
  await using resolver = await serveResolver({ "other.doh.test": "127.0.0.1" });
  await using transport = createTransport({ caCerts: [CA], dns: { doh: [resolver.url] } });
  const error = await assertRejects(
    () => transport.fetch(`https://other.doh.test:${server.port}/`),
    CertificateError,
  );
  assertEquals([error.reason, error.host], ["wrong-name", `other.doh.test:${server.port}`]);
  assert(server.connections > 0);
});

test("createTransport() follows redirects between names that only its resolver knows", async () => {
  await using server: NetServer = await serveHttpHere((request, response) => {
    const { port } = server;
    if (request.url === "/end") return response.end(request.headers.host);
    response.writeHead(302, { location: request.url === "/a" ? "/b" : `http://b.test:${port}/end` }).end();
  });
  await using resolver = await serveResolver({ "a.test": "127.0.0.1", "b.test": "127.0.0.1" });
  await using transport = createTransport({ dns: { doh: [resolver.url], when: "always" } });
  const url = `http://a.test:${server.port}/a`;
  const response = await transport.fetch(url);
  assertEquals(await response.text(), `b.test:${server.port}`);
  assertEquals([response.url, response.redirected], [`http://b.test:${server.port}/end`, true]);
  const manual = await transport.fetch(url, { redirect: "manual" });
  assertEquals([manual.status, manual.headers.get("location")], [302, "/b"]);
  await manual.body?.cancel();
  await assertRejects(() => transport.fetch(url, { redirect: "error" }), TypeError);
});

test("createTransport() says that a redirect leads to a name without an address, or to no URL", async () => {
  await using origin = await serveHttpHere((request, response) => {
    const name = request.url!.slice(1);
    response.writeHead(302, { location: `http://${name}:${name.startsWith("dead") ? 4 : origin.port}/` })
      .end();
  });
  await using resolver = await serveResolver({ "from.doh.test": "127.0.0.1", "dead.doh.test": "127.0.0.1" });
  await using transport = createTransport({ dns: { doh: [resolver.url] } });
  const follow = (name: string) => () => transport.fetch(`http://from.doh.test:${origin.port}/${name}`);
  const error = await assertRejects(follow("gone.doh.test"), ResolverError, "gone.doh.test");
  assertEquals([error.host, error.reason], ["gone.doh.test", "not-found"]);
  assertEquals((await failureOf(follow("dead.doh.test")())).name, "TypeError");
});

test("createTransport() never shows the URL of a resolver, which may hold a token", async () => {
  await using https = await serveHttpsHere();
  await using redirecting = await serveHttpHere((_, response) =>
    response.writeHead(302, { location: "/x" }).end()
  );
  await using silence = await serveSilence();
  const query = "dns-query?token=hunter2";
  const servers = [
    `http://user:hunter2@127.0.0.1:4/${query}`,
    `http://127.0.0.1:${redirecting.port}/${query}`,
    `https://127.0.0.1:${https.port}/${query}`,
    `http://127.0.0.1:${silence.port}/${query}`,
  ];
  for (const doh of servers) {
    await using transport = createTransport({ dns: { doh: [doh], when: "always", timeoutMs: 100 } });
    const error = await assertRejects(() => transport.fetch("http://n.doh.test/"), ResolverError);
    assertEquals(error.message.includes("hunter2"), false, error.message);
    assertStringIncludes(error.message, new URL(doh).host);
  }
});

test("createTransport() ends the wait for a resolver when it is closed", async () => {
  await using silence = await serveSilence();
  const transport = createTransport({ dns: { doh: [`http://127.0.0.1:${silence.port}/`], when: "always" } });
  const request = failureOf(transport.fetch("http://n.doh.test/"));
  await silence.read();
  await transport.close();
  const error = await request;
  assert(error instanceof TransportClosedError);
  const { message, cause } = error.cause as Error;
  assertStringIncludes(`${message} ${(cause as Error | undefined)?.message}`, "The transport was closed");
});

test("createTransport() says that no resolver has answered, or that a name has no address", async () => {
  await using resolver = await serveResolver({});
  await using broken = await serveHttpHere((_request, response) => void response.writeHead(503).end());
  const urls = [`http://127.0.0.1:${broken.port}/dns-query`, resolver.url];
  await using transport = createTransport({ dns: { doh: urls } });
  const missing = await assertRejects(() => transport.fetch("http://missing.test/"), ResolverError);
  assertEquals([missing.hop, missing.reason, missing.host], ["resolver", "not-found", "missing.test"]);
  assert(!transport.isOwnFailure(missing));
  await using unlucky = createTransport({ dns: { doh: [urls[0]!, "http://127.0.0.1:9/dns-query"] } });
  const unreachable = await assertRejects(() => unlucky.fetch("http://missing.test/"), ResolverError);
  assertEquals(unreachable.reason, "unreachable");
  assertStringIncludes(unreachable.message, "it answered with 503");
  assert(unlucky.isOwnFailure(unreachable));
  // No resolver is asked for a name that the system knows.
  await using server = await serveHttpHere();
  assertEquals((await (await unlucky.fetch(`http://localhost:${server.port}/`)).json()).url, "/");
});

test("createTransport() sends https and http through a proxy with credentials", async () => {
  await using secure = await serveHttpsHere();
  await using plain = await serveHttpHere();
  let leadsTo = secure.port;
  await using proxy = await serveProxy({ credentials: "user:p@ss", leadsTo: () => leadsTo });
  const url = `http://user:p%40ss@127.0.0.1:${proxy.port}`;
  await using transport = createTransport({ caCerts: [CA], proxy: url });
  assertEquals((await (await transport.fetch("https://only.doh.test/a?b")).json()).url, "/a?b");
  leadsTo = plain.port;
  const forwarded = await (await transport.fetch("http://nowhere.test/a?b")).json();
  assertEquals(forwarded.url, "http://nowhere.test/a?b");
  assertEquals(proxy.asked, ["CONNECT only.doh.test:443", "GET http://nowhere.test/a?b"]);
});

test("createTransport() sends credentials to every kind of proxy, even without a name or a password", async () => {
  const tellCredentials: HttpListener = (request, response) =>
    void response.end(request.headers["proxy-authorization"]);
  await using plain = await serveHttpHere(tellCredentials);
  await using secure = await serveHttpsHere(tellCredentials);
  for (const [userInfo, expected] of [["name@", "name:"], [":word@", ":word"], ["a%40b:%C3%A9@", "a@b:é"]]) {
    for (
      const proxy of [
        `http://${userInfo}127.0.0.1:${plain.port}`,
        `https://${userInfo}localhost:${secure.port}`,
      ]
    ) {
      await using transport = createTransport({ proxy, caCerts: [CA] });
      const told = await (await transport.fetch("http://a.test/")).text();
      assertEquals(told, `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(expected)))}`);
    }
  }
});

test("createTransport() sends the credentials of a proxy to no origin, also after redirects", async () => {
  const seen: unknown[] = [];
  await using origin = await serveHttpsHere((request, response) => {
    seen.push(request.headers["proxy-authorization"]);
    response.end("there");
  });
  await using redirecting = await serveHttpHere((_request, response) =>
    void response.writeHead(302, { location: `https://localhost:${origin.port}/` }).end()
  );
  const ports = [redirecting.port, origin.port];
  await using proxy = await serveProxy({ credentials: "user:word", leadsTo: () => ports.shift()! });
  await using transport = createTransport({
    proxy: `http://user:word@127.0.0.1:${proxy.port}`,
    caCerts: [CA],
  });
  const response = await transport.fetch("http://a.test/");
  assertEquals([await response.text(), response.redirected], ["there", true]);
  assertEquals(response.url, `https://localhost:${origin.port}/`);
  assertEquals(proxy.asked, ["GET http://a.test/", `CONNECT localhost:${origin.port}`]);
  assertEquals(seen, [undefined]);
});

test("createTransport() goes on to the next proxy when a connection ends silently, also during TLS", async () => {
  await using plain = await serveHttpHere((request) => void request.socket.destroy());
  await using secure = await serveHttpsHere((request) => void request.socket.destroy());
  for (const origin of [`http://localhost:${plain.port}/`, `https://localhost:${secure.port}/`]) {
    const leadsTo = (): number => Number(new URL(origin).port);
    await using one = await serveProxy({ leadsTo });
    await using two = await serveProxy({ leadsTo });
    const proxy = [one, two].map(({ port }) => `http://127.0.0.1:${port}`);
    await using transport = createTransport({ proxy, caCerts: [CA] });
    const error = await assertRejects(
      () => transport.fetch(origin),
      ProxyError,
      "the request may have been sent",
    );
    assertEquals([error.failures.length, one.asked.length, two.asked.length], [2, 1, 1]);
    await assertRejects(() => transport.fetch(origin, { method: "POST", body: "x" }), ProxyError);
    assertEquals(one.asked.length + two.asked.length, 3);
  }
});

test("createTransport() names the proxy whose certificate is not trusted, and not the origin", async () => {
  await using proxy = await serveHttpsHere();
  await using transport = createTransport({ proxy: `https://u:hunter2@localhost:${proxy.port}` });
  const error = await assertRejects(() => transport.fetch("http://a.test/"), ProxyError);
  assertStringIncludes(error.message, `https://localhost:${proxy.port} could not be reached: `);
  assert(/UnknownIssuer|unable to verify/.test(error.message), error.message);
  assert(!error.message.includes("hunter2"));
});

test("createTransport() names the proxy that refuses, and not its credentials", async () => {
  await using proxy = await serveProxy({ credentials: "user:right", leadsTo: () => 9 });
  const url = `http://user:hunter2@127.0.0.1:${proxy.port}`;
  await using transport = createTransport({ proxy: url });
  for (const target of ["https://only.doh.test/", "http://only.doh.test/"]) {
    const error = await assertRejects(() => transport.fetch(target), ProxyError);
    const failure = {
      proxy: `http://127.0.0.1:${proxy.port}`,
      failure: "asks for other credentials: 407",
      status: 407,
    };
    assertEquals([error.hop, error.failures], ["proxy", [failure]]);
    assertStringIncludes(
      error.message,
      `Cannot reach only.doh.test through a proxy: http://127.0.0.1:${proxy.port}`,
    );
    assert(!JSON.stringify(error).includes("hunter2") && !allOf(error).includes("hunter2"));
    assert(transport.isOwnFailure(error));
    assert(isNetworkError(error));
  }
});

/** Returns all text of an error that a log may contain. */
function allOf(error: Error): string {
  return `${error.stack} ${error.message} ${JSON.stringify(error)} ${String(error.cause)}`;
}

test("createTransport() goes on to the next proxy when one refuses, is unreachable, or can't reach the origin", async () => {
  await using server = await serveHttpsHere();
  await using refusing = await serveProxy({ refusesWith: 403, leadsTo: () => 9 });
  await using failing = await serveProxy({ refusesWith: 502, leadsTo: () => 9 });
  await using working = await serveProxy({ leadsTo: () => server.port });
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
  const urls = [refusing, failing].map(({ port }) => urlOf(port));
  await using transport = createTransport({
    caCerts: [CA],
    proxy: { urls: [urlOf(9), ...urls, urlOf(working.port)], strategy: "least-failures", maxFailures: 1 },
    clock: { now: () => 0, wallNow: () => 0, setTimeout: () => 0, clearTimeout: () => {} },
  });
  assertEquals((await (await transport.fetch("https://only.doh.test/")).json()).url, "/");
  assertEquals([refusing.connections, failing.connections, working.connections], [1, 1, 1]);
  await (await transport.fetch("https://only.doh.test/")).text();
  // All proxies but one rest.
  assertEquals([refusing.connections, failing.connections], [1, 1]);
});

test("createTransport() goes on to the next proxy when one breaks off, or does not speak HTTP", async () => {
  await using origin = await serveHttpsHere();
  await using plain = await serveHttpHere();
  await using good = await serveProxy({ leadsTo: () => port });
  let port = 0;
  for (
    const text of ["", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n<html>"]
  ) {
    await using bad = await serveText(text);
    const proxy = [`http://u:hunter2@127.0.0.1:${bad.port}`, `http://127.0.0.1:${good.port}`];
    await using transport = createTransport({ proxy, caCerts: [CA] });
    port = origin.port;
    const response = await transport.fetch(`https://localhost:${port}/`);
    assertEquals(await response.json(), { host: `localhost:${port}`, url: "/" });
    await using alone = createTransport({ proxy: proxy[0], caCerts: [CA] });
    const error = await assertRejects(() => alone.fetch(`https://localhost:${port}/`), ProxyError);
    assertEquals([error.hop, error.failures.length], ["proxy", 1]);
    assertStringIncludes(error.message, `http://127.0.0.1:${bad.port} `);
    assert(!error.message.includes("hunter2"));
  }
  // Without a tunnel, only bytes that are no HTTP answer show that the proxy is at fault.
  for (const text of ["", "SSH-2.0-OpenSSH\r\n\r\n"]) {
    await using bad = await serveText(text);
    port = plain.port;
    const proxy = [`http://127.0.0.1:${bad.port}`, `http://127.0.0.1:${good.port}`];
    await using transport = createTransport({ proxy });
    assertEquals(
      (await (await transport.fetch(`http://localhost:${port}/`)).json()).host,
      `localhost:${port}`,
    );
    await using posting = createTransport({ proxy });
    const error = await assertRejects(
      () => posting.fetch(`http://localhost:${port}/`, { method: "POST", body: "x" }),
      ProxyError,
      "may have been sent",
    );
    assertEquals(error.failures.length, 1);
  }
});

test("createTransport() leaves no connection to a proxy that was silent until the request was aborted", async () => {
  await using silence = await serveSilence();
  const schemes = onDeno ? ["http", "socks5"] : ["http"];
  for (const scheme of schemes) {
    await using transport = createTransport({ proxy: `${scheme}://127.0.0.1:${silence.port}` });
    const count = silence.connections;
    for (const url of ["https://a.test/", "http://a.test/"]) {
      const controller = new AbortController();
      const request = transport.fetch(url, { signal: controller.signal });
      await silence.read();
      controller.abort(new Error("enough"));
      await assertRejects(() => request, Error, "enough");
      await silence.left();
    }
    assertEquals(silence.connections, count + 2);
  }
});

test("createTransport() does not send a stream again to another proxy", async () => {
  await using server = await serveHttpsHere();
  await using refusing = await serveProxy({ refusesWith: 403, leadsTo: () => 9 });
  await using working = await serveProxy({ leadsTo: () => server.port });
  const proxy = [refusing, working].map(({ port }) => `http://127.0.0.1:${port}`);
  await using transport = createTransport({ caCerts: [CA], proxy });
  const init = { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" } as RequestInit;
  await assertRejects(() => transport.fetch("https://only.doh.test/", init), ProxyError);
  assertEquals(working.connections, 0);
});

test("createTransport() does not count against the proxies when none of them reaches the origin", async () => {
  await using failing = await serveProxy({ refusesWith: 504, leadsTo: () => 9 });
  await using transport = createTransport({ proxy: `http://127.0.0.1:${failing.port}` });
  const error = await assertRejects(() => transport.fetch("https://only.doh.test/"), ProxyError);
  assert(!transport.isOwnFailure(error));
});

test("createTransport() gives a client a proxy whose failures do not open the origin's breaker", async () => {
  await using proxy = await serveProxy({ refusesWith: 407, leadsTo: () => 9 });
  await using transport = createTransport({ proxy: `http://u:hunter2@127.0.0.1:${proxy.port}` });
  await using client = createClient({
    transport,
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 60_000 },
  });
  for (let count = 0; count < 3; count++) {
    const error = await failureOf(client.json("https://only.doh.test/"));
    assertEquals(error.name, "NetworkError");
    assertStringIncludes(error.message, "through a proxy");
    assert(!error.message.includes("hunter2"));
    assert(error.cause instanceof ProxyError);
  }
  assertEquals(client.stats().origins["https://only.doh.test"]?.breaker, "closed");
});

test("createTransport() supports SOCKS 5 proxies where the runtime can, and says so where it can't", async () => {
  const proxy = "socks5://user:password@127.0.0.1:1080";
  if (!onDeno) {
    const error = assertThrows(
      () => createTransport({ proxy }),
      TypeError,
      "socks5://127.0.0.1:1080 is beyond Bun",
    );
    return assert(!error.message.includes("password"));
  }
  await using secure = await serveHttpsHere();
  await using plain = await serveHttpHere();
  let leadsTo = secure.port;
  await using server = await serveSocks(() => leadsTo);
  await using transport = createTransport({
    caCerts: [CA],
    proxy: `socks5h://user:password@127.0.0.1:${server.port}`,
  });
  assertEquals((await (await transport.fetch("https://only.doh.test/")).json()).url, "/");
  leadsTo = plain.port;
  assertEquals((await (await transport.fetch("http://nowhere.test/")).json()).host, "nowhere.test");
  assertEquals(server.asked, ["only.doh.test", "nowhere.test"]);
  await using wrong = createTransport({ proxy: `socks5h://user:hunter2@127.0.0.1:${server.port}` });
  const error = await assertRejects(
    () => wrong.fetch("http://nowhere.test/"),
    ProxyError,
    "does not accept the cred",
  );
  assert(!error.message.includes("hunter2"));
});

test("createTransport() counts connections, or says that it can't", async () => {
  if (!onDeno) {
    assertThrows(
      () => createTransport({ countConnections: true }),
      TypeError,
      "'countConnections' is beyond Bun",
    );
    return;
  }
  await using server = await serveHttpHere();
  await using transport = createTransport({ countConnections: true });
  for (let count = 0; count < 4; count++) {
    await (await transport.fetch(`http://127.0.0.1:${server.port}/`)).text();
  }
  assertEquals(transport.connectionStats(), { requests: 4, opened: 1, open: 1, reused: 3, reuseRate: 0.75 });
  assertEquals(server.connections, 1);
  await using _second = await serveHttpHere();
  const error = await failureOf(transport.fetch("http://127.0.0.1:4/"));
  assertEquals([error.constructor, error.message], [TypeError, "fetch failed"]);
  assert(error.cause instanceof Error);
});

test("createTransport() gives a connection up after connectTimeoutMs, or says that it can't", async () => {
  const options: TransportOptions = { connectTimeoutMs: 50 };
  if (!onDeno) {
    return void assertThrows(() => createTransport(options), TypeError, "'connectTimeoutMs' is beyond Bun");
  }
  // The server accepts connections, and never answers.
  await using silent = await serveSilence();
  for (const scheme of ["http", "https", "socks5"]) {
    await using transport = createTransport({ ...options, proxy: `${scheme}://127.0.0.1:${silent.port}` });
    const error = await assertRejects(() => transport.fetch("https://a.test/"), ProxyError);
    assertStringIncludes(error.message, "made no connection within 'connectTimeoutMs': 50");
    assert(error instanceof TransportError);
  }
});

test("createTransport() stops a request when its signal aborts, with its reason", async () => {
  await using server = await serveHttpHere(() => {});
  await using resolver = await serveResolver({ "slow.test": "127.0.0.1" });
  const all: TransportOptions[] = [{}, { dns: { doh: [resolver.url], when: "always" } }];
  for (const options of all) {
    await using transport = createTransport(options);
    const reason = new Error("enough");
    const controller = new AbortController();
    const answer = failureOf(
      transport.fetch(`http://slow.test:${server.port}/`, { signal: controller.signal }),
    );
    controller.abort(reason);
    assertEquals(await answer, reason);
  }
});

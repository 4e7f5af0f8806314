import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  type ClientOptions,
  createClient,
  type FetchOptions,
  type Middleware,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { ownedControllers } from "../support/owned_controllers.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { fakeClient, type MakeFakeClient } from "./fake_client.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { rejection, watch } from "../support/settled.ts";

const URL_A = "https://a.test/a.json";

const setUp: MakeFakeClient = (answer, options) => fakeClient(answer, options);

test("Client.fetch() resolves with any status", async () => {
  const { client } = setUp(({ url }) => ({ status: Number(url.split("/").at(-1)), body: "why" }), {
    maxRetries: 0,
  });

  for (const status of [200, 201, 204, 206, 400, 401, 403, 404, 410, 418, 429, 500, 503, 599]) {
    // Use an origin for each status: a 429 pauses other requests to its origin.
    const response = await client.fetch(`https://a${status}.test/${status}`);
    assertInstanceOf(response, Response);
    assertEquals([response.status, response.ok], [status, status < 300]);
    assertEquals(await response.text(), status === 204 ? "" : "why");
  }
});

test("Client.fetch() retries as usual, then gives the last response", async () => {
  const { client, clock, network } = setUp(({ nth }) => ({ status: 503, body: `try ${nth}` }), {
    backoff: { jitter: "none" },
  });

  const response = await clock.run(client.fetch(URL_A));
  assertEquals([response.status, await response.text()], [503, "try 4"]);
  assertEquals([network.sent.length, clock.now(), network.open], [4, 14_000, 0]);
});

test("Client.fetch() gives the response of a retry that succeeds", async () => {
  const { client, clock, network } = setUp(({ nth }) =>
    nth === 1 ? { status: 429, body: "no" } : { body: "yes" }
  );

  const response = await clock.run(client.fetch(URL_A));
  assertEquals([response.status, await response.text(), network.sent.length], [200, "yes", 2]);
});

test("Client.fetch() leaves the memory of a body alone that a fake of the network gives for each request", async () => {
  const chunk = new TextEncoder().encode("ab");
  const respond = (url: string): Response => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(chunk);
        controller.close();
      },
    });
    return Object.defineProperty(new Response(body), "url", { value: url });
  };
  await using client = createClient({ fetch: (url) => Promise.resolve(respond(String(url))) });
  for (let nth = 0; nth < 2; nth++) {
    const response = await client.fetch(URL_A);
    const texts: string[] = [];
    for await (const bytes of response.body!) texts.push(new TextDecoder().decode(bytes));
    assertEquals([response.url, texts], [URL_A, ["ab"]]);
    assertEquals(new Uint8Array(await (await client.fetch(URL_A)).arrayBuffer()).fill(0).length, 2);
  }
});

test("Client.fetch() sends a POST once, whether or not it succeeds", async () => {
  const { client, clock, network } = setUp(() => ({ status: 503, body: "no" }));

  const response = await clock.run(client.fetch(URL_A, { method: "POST", body: "x" }));
  assertEquals([response.status, network.sent.length, network.sent[0]!.body], [503, 1, "x"]);
  await response.body?.cancel();
});

test("Client.fetch() rejects when no attempt brought a response", async () => {
  const { client, clock, network } = setUp(() => ({ error: new TypeError("refused") }), { maxRetries: 1 });

  const error = await clock.run(rejection(client.fetch(URL_A)));
  assertInstanceOf(error, NetworkError);
  assertEquals([error.attempts, network.sent.length], [2, 2]);
});

test("Client.fetch() rejects with TimeoutError when the headers take too long", async () => {
  const { client, clock } = setUp(() => ({ body: "x", afterMs: 5_000 }), { maxRetries: 0, timeoutMs: 100 });

  const error = await clock.run(rejection(client.fetch(URL_A)));
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, clock.now()], ["attempt", 100]);
});

test("Client.fetch() accepts what fetch does: strings, URLs and Requests, with an init that takes precedence", async () => {
  const { client, network } = setUp(() => ({ body: "x" }));
  const request = new Request(URL_A, { method: "PUT", headers: { "x-from": "request" }, body: "body" });

  await (await client.fetch(URL_A)).text();
  await (await client.fetch(new URL(URL_A))).text();
  await (await client.fetch(new Request(URL_A))).text();
  await (await client.fetch(request, { headers: { "x-from": "init" } })).text();
  await (await client.fetch(new Request(URL_A, { method: "DELETE" }), { method: "GET" })).text();

  assertEquals(network.sent.map(({ method }) => method), ["GET", "GET", "GET", "PUT", "GET"]);
  assertEquals(network.urls, Array(5).fill(URL_A));
  assertEquals(network.sent[3]!.headers.get("x-from"), "init");
  assertEquals(await new Response(network.sent[3]!.body).text(), "body");
});

test("Client.fetch() accepts headers in every form that fetch does", async () => {
  const { client, network } = setUp(() => ({ body: "x" }), { headers: { "x-base": "1" } });

  await (await client.fetch(URL_A, { headers: { "x-a": "1" } })).text();
  await (await client.fetch(URL_A, { headers: [["x-a", "1"], ["x-b", "2"]] })).text();
  await (await client.fetch(URL_A, { headers: new Headers({ "x-a": "1" }) })).text();
  await (await client.fetch(new Request(URL_A, { headers: { "x-a": "1" } }))).text();

  assertEquals(network.sent.map(({ headers }) => headers.get("x-a")), Array(4).fill("1"));
  assertEquals(network.sent.map(({ headers }) => headers.get("x-base")), Array(4).fill("1"));
  assertEquals(network.sent[1]!.headers.get("x-b"), "2");
});

test("Client.fetch() passes members of init that it does not know on to fetch", async () => {
  const { client, network } = setUp(() => ({ body: "x" }));
  const proxied = { integrity: "sha256-x", keepalive: true, client: { name: "http client" } } as RequestInit;

  await (await client.fetch(URL_A, proxied)).text();
  const { integrity, keepalive, client: httpClient } = network.sent[0]!.init as Record<string, unknown>;
  assertEquals([integrity, keepalive, httpClient], ["sha256-x", true, { name: "http client" }]);
});

test("Client.fetch() makes the runtime's own cache treat a request as its init says, whatever is around it", async () => {
  const modes = ["no-store", "reload", "no-cache", "force-cache", "default", undefined] as const;
  const onward: Middleware = (request, next) => next(request);
  for (const options of [{}, { use: [onward] }, { cache: planOf() }] as ClientOptions[]) {
    const { client, network } = setUp(() => ({ body: "x" }), options);
    for (const [index, cache] of modes.entries()) {
      await (await client.fetch(`${URL_A}?${index}`, cache && { cache })).text();
    }
    await (await client.fetch(URL_A, {}, { cache: "no-store" })).text();
    const handedOn = network.sent.map(({ init }) => init.cache);
    assertEquals(handedOn, [
      "no-store",
      "reload",
      "no-cache",
      "force-cache",
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("Client.fetch() decodes nothing, and refuses options for decoding", async () => {
  const { client, network } = setUp(() => ({ json: 1 }));
  for (const options of [{ as: "json" }, { schema: v.number() }]) {
    const error = await rejection(client.fetch(URL_A, {}, options as unknown as FetchOptions));
    const [name] = Object.keys(options);
    assertInstanceOf(error, TypeError);
    assertEquals(
      error.message,
      `Cannot fetch as '${name}' is not an option here: a Response is not decoded: use json() or outcome()`,
    );
  }
  await (await client.fetch(URL_A, {}, { as: undefined, schema: undefined, validate: false })).text();
  assertEquals(network.sent.length, 1);
});

test("Client.fetch() resolves relative URLs against the base URL", async () => {
  const { client, network } = setUp(() => ({ body: "x" }), { baseUrls: "https://b.test/v1" });

  await (await client.fetch("laps.json?x=1")).text();
  assertEquals(network.urls, ["https://b.test/v1/laps.json?x=1"]);
});

test("Client.fetch() rejects a bad URL, method or header as a TypeError, before anything is sent", async () => {
  const { client, network } = setUp(() => ({ body: "x" }));

  for (
    const [url, init] of [
      ["laps.json", {}],
      ["ftp://a.test", {}],
      [URL_A, { method: "G T" }],
      [URL_A, { headers: { "b d": "x" } }],
      [URL_A, { body: "x" }],
    ] as const
  ) {
    assertInstanceOf(await rejection(client.fetch(url, init)), TypeError, url);
  }
  assertEquals(network.sent.length, 0);
});

test("Client.fetch() streams: the response is there before its body is", async () => {
  const { client, clock, network } = setUp(() => ({ body: "0123456789", bodyMs: 1_000 }));

  const response = await client.fetch(URL_A);
  assertEquals([clock.now(), network.open, client.stats().inFlight], [0, 1, 1]);
  const reader = response.body!.getReader();
  const first = await reader.read();
  assertEquals([new TextDecoder().decode(first.value), clock.now()], ["01234", 0]);
  const second = await clock.run(reader.read());
  assertEquals([new TextDecoder().decode(second.value), clock.now()], ["56789", 1_000]);
  assertEquals((await clock.run(reader.read())).done, true);
  assertEquals([network.open, client.stats().inFlight, clock.pending], [0, 0, 0]);
});

test("Client.fetch() gives back the permit when the body is read, cancelled, or breaks", async () => {
  const { client, clock } = setUp(({ url }) => ({
    body: "0123456789",
    ...url.endsWith("/breaks") && { breaksWith: new TypeError("reset") },
  }), { concurrency: 1 });

  await (await clock.run(client.fetch("https://a.test/read"))).text();
  assertEquals(client.stats().inFlight, 0);
  await (await clock.run(client.fetch("https://a.test/cancelled"))).body!.cancel();
  await clock.advance(0);
  assertEquals(client.stats().inFlight, 0);
  await rejection((await clock.run(client.fetch("https://a.test/breaks"))).text());
  await clock.advance(0);
  assertEquals(client.stats().inFlight, 0);
  const reader = (await clock.run(client.fetch("https://a.test/reader"))).body!.getReader();
  await reader.read();
  await reader.cancel();
  await clock.advance(0);
  assertEquals([client.stats().inFlight, clock.pending], [0, 0]);
});

test("Client.fetch() gives a response that can be cloned, and whose copies both read", async () => {
  const { client, clock } = setUp(() => ({ body: "0123456789", headers: { "x-a": "1" } }));

  const response = await client.fetch(URL_A);
  const copy = response.clone();
  const [one, two] = await clock.run(Promise.all([response.text(), copy.text()]));
  assertEquals([one, two, copy.headers.get("x-a"), copy.status], ["0123456789", "0123456789", "1", 200]);
  assertEquals([response.bodyUsed, client.stats().inFlight], [true, 0]);
});

test("Client.fetch() keeps the members of a response, such as its URL", async () => {
  const { client } = setUp(() => ({
    body: "x",
    status: 203,
    headers: { "x-a": "1", "content-type": "text/x" },
  }));

  const response = await client.fetch(`${URL_A}#top`);
  assertEquals([response.url, response.status, response.redirected], [URL_A, 203, false]);
  assertEquals([response.headers.get("x-a"), response.headers.get("content-type")], ["1", "text/x"]);
  assertEquals(await response.text(), "x");
});

test("Client.fetch() rejects with the signal's reason itself, before the headers and during the body", async () => {
  const { client, clock, network } = setUp(() => ({ body: "0123456789", afterMs: 100, bodyMs: 100 }));
  const reason = { my: "reason" };

  assertStrictEquals(await rejection(client.fetch(URL_A, { signal: AbortSignal.abort(reason) })), reason);
  assertEquals(network.sent.length, 0);

  const first = new AbortController();
  const headers = rejection(client.fetch(URL_A, { signal: first.signal }));
  await clock.advance(50);
  first.abort(reason);
  assertStrictEquals(await headers, reason);

  const second = new AbortController();
  const response = await clock.run(client.fetch(new Request(URL_A, { signal: second.signal })));
  const body = watch(response.text());
  await clock.advance(50);
  second.abort(reason);
  await clock.advance(0);
  assertEquals(body, { state: "rejected", error: reason });
  assertStrictEquals(body.error, reason);
  assertEquals([network.open, client.stats().inFlight, clock.pending], [0, 0, 0]);
});

test("Client.fetch() cancels a stream that was not sent yet on an abort, a timeout and a close", async () => {
  const reason = { my: "reason" };
  for (const isRequest of [false, true]) {
    for (const how of ["before", "waiting", "middleware", "closed before", "closed", "time"]) {
      const held = new Promise<Response>(() => {});
      const { client, clock, network } = setUp(() => ({ body: "x", bodyMs: 1_000 }), {
        concurrency: 1,
        use: how === "middleware" ? [() => held] : [],
      });
      const first = how === "middleware" ? undefined : await clock.run(client.fetch(URL_A));
      let cancelled: unknown = "not at all";
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(2_000_000)),
        cancel: (why) => void (cancelled = why),
      });
      const controller = new AbortController();
      if (how === "before") controller.abort(reason);
      if (how === "closed before") await clock.run(client.close(reason));
      const init = { method: "POST", body, duplex: "half", signal: controller.signal } as RequestInit;
      const options = how === "time" ? { totalTimeoutMs: 100 } : {};
      const rejected = rejection(
        isRequest
          ? client.fetch(new Request("https://a.test/up", init), undefined, options)
          : client.fetch("https://a.test/up", init, options),
      );
      await clock.advance(50);
      if (how === "closed") await clock.run(client.close(reason));
      else if (how !== "time") controller.abort(reason);
      await clock.advance(100);

      const error = await rejected;
      if (how !== "time") assertStrictEquals(error, reason);
      assertStrictEquals(cancelled, error, `${how} ${isRequest}`);
      assertEquals(network.sent.length, first === undefined ? 0 : 1);
      await first?.body?.cancel().catch(() => {});
      await clock.run(client.close());
    }
  }
});

test("Client.fetch() can send the body of a Request again that it gets as init, as proxies call it", async () => {
  for (const status of [503, 307]) {
    const { client, clock, network } = setUp(({ url, nth }) =>
      url === URL_A && nth === 1 ? { status, headers: { location: "https://a.test/moved" } } : { json: 1 }
    );
    const asked = new Request("https://proxy.test/", {
      method: "PUT",
      body: "body",
      headers: { "x-a": "1" },
    });
    const sent = client.fetch(URL_A, asked);
    assertEquals(asked.bodyUsed, true);
    await clock.advance(60_000);
    assertEquals((await sent).status, 200);
    const bodies = network.sent.map(({ body }) => new Response(body as BodyInit).text());
    assertEquals(await Promise.all(bodies), ["body", "body"]);
    assertEquals(network.sent.map(({ headers }) => headers.get("x-a")), ["1", "1"]);
    assertInstanceOf(await rejection(client.fetch(URL_A, asked)), TypeError);
    assertEquals(network.sent.length, 2);
  }
});

test("Client.fetch() stops reading a Request's body when the client closes, or is already closed", async () => {
  const reason = { my: "reason" };
  for (const isClosedBefore of [true, false]) {
    const { client, clock, network } = setUp(() => ({ json: 1 }));
    let cancelled: unknown;
    const body = new ReadableStream({ cancel: (why) => void (cancelled = why) });
    if (isClosedBefore) await clock.run(client.close(reason));
    const request = new Request(URL_A, { method: "POST", body, duplex: "half" } as RequestInit);
    const rejected = rejection(client.fetch(request));
    await clock.run(client.close(reason));

    assertStrictEquals(await rejected, reason);
    assertEquals([cancelled, network.sent.length], [reason, 0]);
  }
});

test("Client.fetch() stops reading a Request's body in a worker, where another request closes the client", async () => {
  using request = ownedControllers();
  const { client, clock, network } = setUp(() => ({ json: 1 }));
  let cancelled: unknown;
  const body = new ReadableStream({ cancel: (why) => void (cancelled = why) });
  const sent = watch(
    client.fetch(new Request(URL_A, { method: "POST", body, duplex: "half" } as RequestInit)),
  );
  await clock.advance(10);
  const reason = new Error("enough");
  request.isElsewhere = true;
  client.close(reason);
  request.isElsewhere = false;
  await clock.advance(0);
  assertEquals(sent, { state: "rejected", error: reason });
  assertEquals([cancelled, network.sent.length], [reason, 0]);
});

test("Client.fetch() counts the time to read a Request's body towards its total timeout", async () => {
  for (
    const [bodyMs, options] of [[Infinity, { totalTimeoutMs: 100 }], [60, { totalTimeoutMs: 100 }]] as const
  ) {
    for (const isClientWide of [true, false]) {
      const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 500 }), {
        ...isClientWide ? options : {},
        clock: new ManualClock({ nowMs: 5_000 }),
        maxRetries: 0,
      });
      let cancelled: unknown;
      const body = new ReadableStream({
        pull: (controller) =>
          new Promise<void>((resolve) => {
            if (bodyMs < Infinity) clock.setTimeout(() => resolve(controller.close()), bodyMs);
          }),
        cancel: (why) => void (cancelled = why),
      });
      const request = new Request(
        `${URL_A}?token=s3cr3t`,
        { method: "PUT", body, duplex: "half" } as RequestInit,
      );
      const sent = watch(client.fetch(request, undefined, isClientWide ? undefined : options));
      await clock.advance(99);
      assertEquals([sent.state, network.sent.length], ["pending", bodyMs === Infinity ? 0 : 1]);
      await clock.advance(1);
      assertInstanceOf(sent.error, TimeoutError);
      const { kind, timeoutMs, attempts, message } = sent.error;
      assertEquals([kind, timeoutMs, attempts], ["total", 100, network.sent.length]);
      assertEquals([message.startsWith("PUT "), message.includes("s3cr3t")], [true, false]);
      if (bodyMs === Infinity) assertStrictEquals(cancelled, sent.error);
      await client.close();
      assertEquals(clock.pending, 0);
    }
  }
});

test("Client.fetch() breaks a body that is being read when the client closes, with its reason", async () => {
  const { client, clock, network } = setUp(() => ({ body: "0123456789", bodyMs: 100 }));
  const reason = new Error("the end");

  const response = await client.fetch(URL_A);
  const unread = await client.fetch(URL_A);
  const body = watch(response.text());
  await clock.advance(50);
  await client.close(reason);
  await clock.advance(0);
  assertEquals(body, { state: "rejected", error: reason });
  const late = watch(unread.text());
  await clock.advance(0);
  assertEquals(late, { state: "rejected", error: reason });
  assertEquals([network.open, client.stats().inFlight, clock.pending], [0, 0, 0]);
});

test("Client.fetch() cancels a body that is not read within timeoutMs", async () => {
  const { client, clock, network } = setUp(() => ({ body: "0123456789".repeat(10_000) }), {
    timeoutMs: 1_000,
    concurrency: 1,
  });

  const response = await client.fetch(URL_A);
  const next = watch(client.fetch(URL_A));
  await clock.advance(999);
  assertEquals([next.state, network.sent.length], ["pending", 1]);
  await clock.advance(1);
  assertEquals([next.state, network.sent.length], ["fulfilled", 2]);
  assertInstanceOf(await rejection(response.text()), TimeoutError);
  await next.value!.body!.cancel();
  await clock.advance(0);
  assertEquals([network.open, client.stats().inFlight, clock.pending], [0, 0, 0]);
});

test("Client.fetch() does not share a response between two callers: each gets a body of its own", async () => {
  const { client } = setUp(() => ({ body: "0123456789" }));

  const responses = await Promise.all([client.fetch(URL_A), client.fetch(URL_A), client.fetch(URL_A)]);
  assertEquals(await Promise.all(responses.map((response) => response.text())), Array(3).fill("0123456789"));
});

test("Client.fetch() bounds a body by maxBodyBytes while it is read", async () => {
  const { client } = setUp(() => ({ body: "0123456789" }), { maxBodyBytes: 5 });

  const error = await rejection((async () => await (await client.fetch(URL_A)).text())());
  assertInstanceOf(error, Error);
  assertEquals(client.stats().inFlight, 0);
});

test("Client.fetch() works without its client as `this`", async () => {
  const { client } = setUp(() => ({ json: "inner" }));
  const dropIn: typeof fetch = client.fetch;
  const outer = createClient({ fetch: client.fetch });

  assertEquals(await (await dropIn(URL_A)).json(), "inner");
  assertEquals(await outer.json(URL_A), "inner");
});

test("Client.fetch() works over real sockets: statuses, streams, aborts", async () => {
  await using cdn = createSimulatedCdn({
    resources: {
      "/big": { body: new Uint8Array(300_000).fill(7) },
      "/gone": { status: 410, body: "gone" },
      "/empty": { status: 204 },
    },
    faults: [{ match: "/stalled", kind: "stall", afterBytes: 3 }],
  });
  await using server = await cdn.listen();
  await using client = createClient({ baseUrls: server.url, maxRetries: 0, concurrency: 2 });

  assertEquals((await (await client.fetch("/big")).bytes()).length, 300_000);
  const gone = await client.fetch(`${server.url}/gone`);
  assertEquals([gone.status, gone.url, await gone.text()], [410, `${server.url}/gone`, "gone"]);
  const empty = await client.fetch("/empty");
  assertEquals([empty.status, empty.body === null || (await empty.text()) === ""], [204, true]);
  const controller = new AbortController();
  const big = await client.fetch("/big", { signal: controller.signal });
  controller.abort(new Error("enough"));
  assertEquals((await rejection(big.text()) as Error).message, "enough");
  for (let round = 0; round < 5; round++) await (await client.fetch("/big")).body!.cancel();
  assertEquals((await client.bytes("/big")).length, 300_000);
  assertEquals(cdn.log.requests, 10);
});

test("Client.fetch() gives a response that a server can send on", async () => {
  await using cdn = createSimulatedCdn({
    resources: {
      "/laps.json": { json: { lap: 1 }, headers: { "x-origin": "cdn" } },
      "/big": { body: new Uint8Array(300_000).fill(7) },
      "/empty": { status: 204 },
    },
  });
  await using origin = await cdn.listen();
  await using client = createClient({ baseUrls: origin.url, maxRetries: 0 });
  await using front = serveHandler((request) => client.fetch(new URL(request.url).pathname));

  const laps = await fetch(`${front.url}/laps.json`);
  assertEquals([laps.status, laps.headers.get("x-origin"), await laps.json()], [200, "cdn", { lap: 1 }]);
  assertEquals((await (await fetch(`${front.url}/big`)).bytes()).length, 300_000);
  const missing = await fetch(`${front.url}/missing`);
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
  const empty = await fetch(`${front.url}/empty`);
  assertEquals([empty.status, await empty.text()], [204, ""]);
  assert(client.stats().requests === 4);
});

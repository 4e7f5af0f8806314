/**
 * How `client.fetch` replaces `fetch`: with bodies that no caller reads, with long streams, and with requests and
 * responses that are passed on.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type ClientOptions, createClient, NetworkError, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { collectGarbage } from "../support/garbage.ts";
import { test } from "../support/test.ts";
import { fakeClient, type MakeFakeClient } from "./fake_client.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { rejection, watch } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";

const URL_A = "https://a.test/a.json";

const setUp: MakeFakeClient = (answer, options) => fakeClient(answer, { maxRetries: 0, ...options });

/** Compresses a text with the platform's gzip. */
async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

for (const isCached of [false, true]) {
  const about = isCached ? ", with a cache" : "";
  test(`unread answers to DELETE and PUT do not stall the next call, however they are framed${about} (S11)`, async () => {
    await using server = serveHandler(async (request) => {
      await request.body?.cancel();
      const { searchParams } = new URL(request.url);
      const bytes = new Uint8Array(Number(searchParams.get("n")));
      const body = searchParams.has("chunked") ? new Blob([bytes]).stream() : bytes;
      return new Response(body, { headers: { "cache-control": "max-age=60" } });
    });
    const client = createClient({
      concurrency: 1,
      ...isCached && { cache: planOf({ mode: "http" }) },
    });
    for (const method of ["DELETE", "PUT"]) {
      for (const path of ["?n=0", "?n=2", "?n=1000", "?n=60000", "?n=2&chunked", "?n=60000&chunked"]) {
        const url = `${server.url}/${path}`;
        const init = method === "PUT" ? { method, body: "x" } : { method };
        const responses = [];
        for (let call = 0; call < 3; call++) responses.push(await client.fetch(url, init));
        // Bodies that were received while later calls ran are there for a late reader.
        const bytes = await Promise.all(responses.map((response) => response.bytes()));
        const length = Number(new URL(url).searchParams.get("n"));
        assertEquals(bytes.map((each) => each.length), [length, length, length], path);
      }
    }
    assertEquals(await client.text(`${server.url}/?n=3`), "\0\0\0");
    await client.close();
  });
}

test("a large answer that is not read gives its permit back when it has been garbage-collected (S11)", async () => {
  await using server = serveHandler(() => new Response(new Uint8Array(3_000_000)));
  const client = createClient({ concurrency: 1, timeoutMs: 1_000_000 });
  await (async () => assertEquals((await client.fetch(server.url)).status, 200))();
  const next = watch(client.fetch(server.url));
  for (let turn = 0; turn < 100_000 && next.state === "pending"; turn++) {
    if (turn % 1_000 === 0) collectGarbage();
    await eventLoopTurn();
  }
  assertEquals(next.state, "fulfilled");
  await client.close();
});

test("an answer that is being read is received to its end, even if nothing refers to it any more", async () => {
  const { promise: collected, resolve: goOn } = Promise.withResolvers<void>();
  await using server = serveHandler(() => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new Uint8Array(40_000));
        await collected;
        controller.enqueue(new Uint8Array(40_000));
        controller.close();
      },
    });
    return new Response(body);
  });
  const client = createClient();
  const reading = await (async () => {
    const response = await client.fetch(server.url);
    return { bytes: response.bytes() };
  })();
  for (let turn = 0; turn < 20; turn++) {
    collectGarbage();
    await eventLoopTurn();
  }
  goOn();
  assertEquals((await reading.bytes).length, 80_000);
  await client.close();
});

test("timeoutMs bounds the headers and a body that is not read, idleTimeoutMs each wait of a reader (S6)", async () => {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const clock = new ManualClock();
  const client = createClient({
    clock,
    timeoutMs: 30_000,
    fetch: () => {
      const body = new ReadableStream<Uint8Array>({ start: (own) => void (controller = own) });
      return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    },
  });
  const response = await client.fetch(URL_A);
  const reader = response.body!.getReader();
  // Ten minutes, with a chunk every 20 seconds.
  for (let event = 0; event < 30; event++) {
    const next = reader.read();
    await clock.advance(20_000);
    controller.enqueue(new TextEncoder().encode(`data: ${event}\n\n`));
    assertEquals(new TextDecoder().decode((await next).value), `data: ${event}\n\n`);
  }
  // A reader who pauses is never timed out.
  await clock.advance(1_000_000);
  const silent = watch(reader.read());
  await clock.advance(29_999);
  assertEquals(silent.state, "pending");
  await clock.advance(1);
  assertInstanceOf(silent.error, TimeoutError);
  assertEquals([silent.error.kind, silent.error.timeoutMs], ["idle", 30_000]);
  assert(silent.error.message.includes("idleTimeoutMs"), silent.error.message);
  assertEquals([client.stats().inFlight, clock.pending], [0, 0]);
});

test("fetch() takes the options of a request as its third argument, over those of the client", async () => {
  const { client, clock, network } = setUp(
    ({ nth }) => ({ status: nth < 3 ? 503 : 200, afterMs: 50, body: "x" }),
    {
      backoff: { baseMs: 1, jitter: "none" },
    },
  );
  const options = { maxRetries: 2, headers: { "x-a": "1", "x-b": "1" }, totalTimeoutMs: 5_000 };
  const response = await clock.run(client.fetch(URL_A, { headers: { "x-b": "2" } }, options));
  assertEquals([response.status, network.sent.length], [200, 3]);
  assertEquals([...network.sent[0]!.headers], [["x-a", "1"], ["x-b", "2"]]);

  const late = rejection(client.fetch("https://a.test/b", {}, { timeoutMs: 10 }));
  assertInstanceOf(await clock.run(late), TimeoutError);
  const controller = new AbortController();
  const aborted = rejection(client.fetch("https://a.test/c", {}, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await clock.run(aborted), "enough");
  const unknown = await rejection(client.fetch(URL_A, {}, { timeout: 1 } as Record<string, unknown>));
  assertInstanceOf(unknown, TypeError);
});

test("a server can pass a response on, whatever its coding, from the network and from the cache", async () => {
  const text = JSON.stringify({ a: "x".repeat(5_000) });
  const zipped = await gzip(text);
  await using origin = serveHandler((request) => {
    const headers = { "cache-control": "max-age=60", "content-type": "application/json" };
    return request.url.endsWith("/plain")
      ? new Response(text, { headers })
      : new Response(zipped, { headers: { ...headers, "content-encoding": "gzip" } });
  });
  const client = createClient();
  const cached = createClient({ cache: planOf({ mode: "http" }) });
  await using proxy = serveHandler((request) => {
    const { pathname } = new URL(request.url);
    const url = `${origin.url}/${pathname.split("/").at(-1)}`;
    if (pathname.startsWith("/cached")) return cached.fetch(url);
    if (pathname.startsWith("/clone")) return client.fetch(url).then((response) => response.clone());
    return client.fetch(url);
  });
  for (const way of ["network", "cached", "cached", "clone"]) {
    for (const kind of ["plain", "zipped"]) {
      const response = await fetch(`${proxy.url}/${way}/${kind}`);
      assertEquals([way, kind, await response.text() === text], [way, kind, true]);
    }
  }
  const head = await client.fetch(`${origin.url}/zipped`, { method: "HEAD" });
  assertEquals(head.headers.get("content-encoding"), "gzip");
  await client.close();
  await cached.close();
});

test("client.fetch() can become the global fetch, also of several clients; each dispatch reads the global one", async () => {
  const original = globalThis.fetch;
  const asked: string[] = [];
  const answering = (name: string): typeof globalThis.fetch =>
    ((input: unknown) => {
      asked.push(`${name} ${input}`);
      return Promise.resolve(new Response("[1]"));
    }) as typeof globalThis.fetch;
  try {
    globalThis.fetch = answering("first");
    const [one, two] = [createClient(), createClient()];
    globalThis.fetch = one.fetch;
    assertEquals(await (await fetch("https://a.test/1")).json(), [1]);
    assertEquals(await two.json("https://a.test/2"), [1]);
    globalThis.fetch = two.fetch;
    assertEquals(await one.json("https://a.test/3"), [1]);
    assertEquals(await createClient().json("https://a.test/4"), [1]);
    globalThis.fetch = answering("second");
    assertEquals(await one.json("https://a.test/5"), [1]);
    assertEquals(await (await two.fetch("https://a.test/6")).json(), [1]);
  } finally {
    globalThis.fetch = original;
  }
  assertEquals(
    asked,
    [1, 2, 3, 4].map((n) => `first https://a.test/${n}`).concat(
      [5, 6].map((n) => `second https://a.test/${n}`),
    ),
  );
});

test("fetch() passes on URLs that need no network, and accepts whatever converts to a URL", async () => {
  const client = createClient();
  assertEquals(await (await client.fetch("data:text/plain,hello")).text(), "hello");
  const url = URL.createObjectURL(new Blob(["blob"]));
  assertEquals(await (await client.fetch(url)).text(), "blob");
  assertEquals(await (await client.fetch(new Request("data:,x"))).text(), "x");
  assertEquals(client.stats().requests, 0);
  await client.close("closed");
  assertEquals(await rejection(client.fetch("data:,x")), "closed");

  // A parser takes off what is white. Not every runtime does it for these.
  const given: unknown[] = [];
  const noting = createClient({ fetch: (input) => Promise.resolve(new Response(String(given.push(input)))) });
  const spaced = [" data:,x", "\tDATA:,x", "d\nata:,x\r", "\0 blob:null/1", new URL("data:,x")];
  for (const input of spaced) await noting.fetch(input);
  assertEquals([given, noting.stats().requests], [spaced, 0]);

  const made = setUp(({ url }) => ({ body: url }));
  const odd = { toString: () => URL_A } as unknown as URL;
  assertEquals(await (await made.client.fetch(odd)).text(), URL_A);
  const foreign = Object.create(null, {
    [Symbol.toStringTag]: { value: "Request" },
    url: { value: URL_A },
    method: { value: "DELETE" },
    headers: { value: new Headers({ "x-a": "1" }) },
    body: { value: null },
  }) as Request;
  assertEquals(await (await made.client.fetch(foreign)).text(), URL_A);
  assertEquals([made.network.sent[1]!.method, made.network.sent[1]!.headers.get("x-a")], ["DELETE", "1"]);
});

test("fetch() has the further members of the runtime's own fetch", () => {
  const names = Object.keys(globalThis.fetch).filter((name) => name === "preconnect");
  assertEquals(Object.keys(createClient().fetch).filter((name) => name === "preconnect"), names);
});

test("fetch() refuses at once values that fetch does not know, and sends nothing (S2)", async () => {
  const { client, network } = setUp(() => ({ body: "x" }));
  const inits: Record<string, unknown>[] = [
    { redirect: "folow" },
    { mode: "core" },
    { credentials: "all" },
    { cache: "none" },
    { referrerPolicy: "none" },
    { priority: "highest" },
    { signal: {} },
    { method: "GET", body: "x" },
  ];
  for (const init of inits) {
    assertInstanceOf(await rejection(client.fetch(URL_A, init)), TypeError, JSON.stringify(init));
  }
  assertInstanceOf(await rejection(client.fetch(URL_A, 5 as unknown as RequestInit)), TypeError);
  assertEquals([network.sent.length, client.stats().inFlight], [0, 0]);
});

test("a fetch that resolves with no Response fails once, and holds nothing (S2)", async () => {
  for (
    const given of [
      {},
      { status: 200 },
      { ok: true, status: 200, text: () => "[1]" },
      null,
      undefined,
      "x",
    ]
  ) {
    for (const listens of [true, false]) {
      let calls = 0;
      const clock = new ManualClock();
      const client = createClient({
        clock,
        fetch: () => (calls++, Promise.resolve(given as unknown as Response)),
      });
      if (listens) client.on(() => {});
      const errors = await clock.run(
        Promise.all([rejection(client.json(URL_A)), rejection(client.fetch(URL_A))]),
      );
      for (const error of errors) assertInstanceOf(error, TypeError);
      assertEquals([calls, client.stats().inFlight, clock.pending], [2, 0, 0]);
      assertEquals(client.stats().origins["https://a.test"]!.breaker, "closed");
    }
  }
});

test("a fetch whose Response was already read fails once, and does not count as the origin's failure (S1)", async () => {
  const ways: Record<string, (status: number) => () => Promise<Response>> = {
    "the same for each request": (status) => {
      const response = new Response("1", { status });
      return () => Promise.resolve(response);
    },
    "read": (status) => async () => {
      const response = new Response("1", { status });
      await response.text();
      return response;
    },
    "cancelled": (status) => async () => {
      const response = new Response("1", { status });
      await response.body!.cancel();
      return response;
    },
  };
  for (const [way, give] of Object.entries(ways)) {
    for (const status of [200, 503]) {
      for (const listens of [true, false]) {
        const clock = new ManualClock();
        const fetch = give(status);
        let calls = 0;
        await using client = createClient({ clock, fetch: () => (calls++, fetch()) });
        if (listens) client.on(() => {});
        if (way === "the same for each request") await (await fetch()).text();
        const asked: readonly (() => Promise<unknown>)[] = [
          () => client.json(URL_A),
          () => client.bytes(URL_A, { maxBodyBytes: 10 }),
          () => client.fetch(URL_A).then((response) => response.text()),
          () => client.all([URL_A]),
          () => client.lines(URL_A).next(),
        ];
        for (const ask of asked) {
          const error = await clock.run(rejection(ask()));
          assertInstanceOf(error, TypeError, `${way} ${status}`);
          assert(error.message.includes("whose body is not read"), error.message);
        }
        assertEquals(
          [calls, client.stats().inFlight, clock.pending],
          [asked.length, 0, 0],
          `${way} ${status}`,
        );
        assertEquals(client.stats().origins["https://a.test"]!.failed, 0);
      }
    }
  }
});

test("a failure without an error is a network failure, and is retried (S2)", async () => {
  const failures: Record<string, (reason: unknown) => Promise<Response>> = {
    rejects: (reason) => Promise.reject(reason),
    throws: (reason) => {
      throw reason;
    },
    "breaks off": (reason) =>
      Promise.resolve(new Response(new ReadableStream({ pull: (controller) => controller.error(reason) }))),
  };
  const ways: Record<string, ClientOptions> = { straight: {}, hedged: { hedge: { afterMs: 1_000 } } };
  for (const [name, fail] of Object.entries(failures)) {
    for (const [way, options] of Object.entries(ways)) {
      for (const reason of [undefined, null, 0, ""]) {
        let calls = 0;
        const clock = new ManualClock();
        await using client = createClient({
          ...options,
          clock,
          fetch: () => ++calls < 3 ? fail(reason) : Promise.resolve(Response.json(calls)),
        });
        assertEquals(await clock.run(client.json(URL_A)), 3, `${name}, ${way}: ${reason}`);
        calls = -100;
        assertInstanceOf(await clock.run(rejection(client.json(URL_A))), NetworkError);
      }
    }
  }
});

test("a redirect that can't be followed fails once: it is not retried, and does not count against its origin (S1)", async () => {
  const cases: [string, RequestInit | undefined, number][] = [
    ["/again", undefined, 21],
    ["http://[", undefined, 1],
    ["ftp://a.test/x", undefined, 1],
    ["data:text/plain,x", undefined, 1],
    ["/there", { redirect: "error" }, 1],
  ];
  for (const [location, init, requests] of cases) {
    for (const listens of [true, false]) {
      const { client, clock, network } = setUp(
        () => ({ status: 302, headers: { location }, body: "moved" }),
        {
          maxRetries: 3,
          circuitBreaker: { threshold: 1 },
        },
      );
      if (listens) client.on(() => {});
      const error = await clock.run(rejection(client.fetch(URL_A, init)));
      assertInstanceOf(error, NetworkError);
      assertEquals([location, network.sent.length, error.attempts], [location, requests, 1]);
      const origin = client.stats().origins["https://a.test"]!;
      assertEquals([origin.breaker, client.stats().inFlight, network.open], ["closed", 0, 0]);
      if (init !== undefined) continue;
      assertInstanceOf(await clock.run(rejection(client.json(URL_A))), NetworkError);
      assertEquals(network.sent.length, 2 * requests);
    }
  }
});

test("redirects are followed for every method of the client, but not after an abort or a timeout", async () => {
  const { client, clock, network } = setUp(({ url }) =>
    url === URL_A ? { status: 307, headers: { location: "/b" } } : { json: { url } }
  );
  assertEquals(await client.json(URL_A), { url: "https://a.test/b" });
  const response = await client.fetch(URL_A, { method: "PUT", body: "x" });
  assertEquals([response.url, response.redirected], ["https://a.test/b", true]);
  assertEquals([network.sent.at(-1)!.method, network.sent.at(-1)!.body], ["PUT", "x"]);
  await response.text();

  // A `fetch` that ignores its signal answers after the deadline, and after the abort.
  let sent = 0;
  const deaf = createClient({
    clock,
    maxRetries: 0,
    timeoutMs: 50,
    fetch: async () => {
      sent++;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
      return new Response(null, { status: 302, headers: { location: "/next" } });
    },
  });
  const controller = new AbortController();
  const [late, aborted] = [
    rejection(deaf.json(URL_A)),
    rejection(deaf.fetch("https://a.test/c", { signal: controller.signal })),
  ];
  await clock.advance(10);
  controller.abort("enough");
  await clock.advance(500);
  assertInstanceOf(await late, TimeoutError);
  assertEquals([await aborted, sent, deaf.stats().inFlight], ["enough", 2, 0]);
});

test("secrets do not follow a redirect to another origin, on either way (S16)", async () => {
  for (const listens of [true, false]) {
    const { client, network } = setUp(
      ({ url }) => url === URL_A ? { status: 302, headers: { location: "https://b.test/x" } } : { json: 1 },
      { headers: { "x-api-key": "k", authorization: "a", accept: "c/d" } },
    );
    if (listens) client.on(() => {});
    assertEquals(await client.json(URL_A), 1);
    assertEquals(network.sent.map(({ headers }) => [...headers.keys()].length), [3, 1]);
  }
});

test("a process without free descriptors waits for bodies to end, and loses no request (S1)", async () => {
  for (const listens of [true, false]) {
    let [open, peak, refused] = [0, 0, 0];
    const clock = new ManualClock();
    const client = createClient({
      clock,
      concurrency: 40,
      circuitBreaker: { threshold: 1 },
      maxRetries: 0,
      fetch: async () => {
        if (open >= 15) {
          refused++;
          const cause = new Error("tcp open error: Too many open files (os error 24)");
          throw Object.assign(new TypeError("fetch failed", { cause }), { code: "EMFILE" });
        }
        peak = Math.max(peak, ++open);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 50));
        open--;
        return Response.json(1);
      },
    });
    if (listens) client.on(() => {});
    const outcomes = await clock.run(
      client.settle(numberedUrls(200)),
    );
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    const origin = client.stats().origins["https://a.test"]!;
    assertEquals([peak, origin.failed, origin.breaker], [15, 0, "closed"]);
    assert(refused > 0 && refused <= 60, `${refused}`);
    assertEquals([client.stats().inFlight, clock.pending], [0, 0]);
  }
});

test("close() resolves although a fetch never settles", async () => {
  for (const listens of [true, false]) {
    const clock = new ManualClock();
    const client = createClient({ clock, fetch: () => new Promise(() => {}), maxRetries: 0 });
    if (listens) client.on(() => {});
    const pending = rejection(client.json(URL_A));
    await clock.advance(1);
    const reason = new Error("the end");
    await clock.run(client.close(reason));
    assertStrictEquals(await pending, reason);
    assert(clock.now() <= 6_000, `${clock.now()}`);
  }
});

test("client.fetch() leaves a request's body unread when another argument is wrong (S1)", async () => {
  const { client, network } = setUp(() => ({ json: "unused" }));
  const wrong: readonly [RequestInit, Parameters<typeof client.fetch>[2]][] = [
    [{ method: "GET" }, undefined],
    [{ method: "HEAD" }, undefined],
    [{ method: "B AD" }, undefined],
    [{ method: "TRACE" }, undefined],
    [{ redirect: "sideways" as RequestRedirect }, undefined],
    [{ headers: { "a b": "c" } }, undefined],
    [{}, { timeoutMs: -1 }],
  ];
  for (const [init, options] of wrong) {
    const request = new Request(URL_A, { method: "POST", body: "mine" });
    const error = await rejection(client.fetch(request, init, options));
    assert(error instanceof TypeError || error instanceof RangeError, String(error));
    assertEquals([request.bodyUsed, await request.text()], [false, "mine"]);
  }
  assertEquals(network.sent.length, 0);
  await client.close();
});

for (
  const { middleware, listens } of [{ middleware: false, listens: false }, {
    middleware: true,
    listens: true,
  }]
) {
  const about = listens ? ", with middleware and a listener" : "";
  test(`client.fetch() counts arguments that the runtime refuses neither against the origin nor against other calls${about} (S1)`, async () => {
    await using server = serveHandler(() => new Response("well"));
    const client = createClient({
      circuitBreaker: { threshold: 1, cooldownMs: 60_000 },
      ...middleware && { use: [(request, next) => next(request)] },
    });
    let attempts = 0;
    if (listens) client.on(({ type }) => void (attempts += type === "attempt" ? 1 : 0));
    const shared = new Uint8Array(new SharedArrayBuffer(2)) as unknown as Uint8Array<ArrayBuffer>;
    const inits: readonly RequestInit[] = [
      { referrer: "http://[" },
      { mode: "navigate" },
      { method: "PUT", body: shared },
      { client: {} } as RequestInit,
    ];
    for (const init of inits) {
      // One runtime may accept these arguments; compare with its own fetch.
      const expected = await fetch(server.url, init).then(
        (response) => response.text(),
        (error: Error) => error.name,
      );
      const actual = await client.fetch(server.url, init).then(
        (response) => response.text(),
        ({ name }) => name,
      );
      assertEquals(actual, expected);
    }
    if (listens) assertEquals(attempts, inits.length);
    assertEquals(await client.text(server.url), "well");
    await client.close();
  });
}

test("client.fetch() accepts an async iterable as a body, as the runtimes do, and sends it once", async () => {
  await using server = serveHandler(async (request) => new Response(await request.text(), { status: 503 }));
  const client = createClient();
  async function* chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    for (const chunk of ["one ", "two"]) yield new TextEncoder().encode(chunk);
  }
  const body = chunks() as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
  const response = await client.fetch(server.url, { method: "PUT", body });
  assertEquals([response.status, await response.text()], [503, "one two"]);
  assertEquals(client.stats().retried, 0);
  await client.close();
});

test("client.fetch() returns responses without a body whose clones keep their status and URL (S11)", async () => {
  await using server = serveHandler((request) => {
    const { pathname } = new URL(request.url);
    return pathname === "/end"
      ? new Response(null, { status: request.method === "HEAD" ? 200 : 204 })
      : new Response(null, { status: 307, headers: { location: "/end" } });
  });
  const client = createClient();
  for (const method of ["HEAD", "GET", "PUT", "DELETE"]) {
    const response = await client.fetch(`${server.url}/start`, { method });
    const clone = response.clone();
    for (const each of [response, clone, clone.clone()]) {
      assertEquals([each.redirected, each.url, await each.text()], [true, `${server.url}/end`, ""], method);
    }
  }
  await client.close();
});

test("Client.fetch() sends an async iterable, a stream of text and a Request of either as they are", async () => {
  await using server = serveHandler(async (request) => new Response(await request.text()));
  await using client = createClient();
  const text = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        for (const chunk of ["one ", "two"]) controller.enqueue(chunk);
        controller.close();
      },
    });
  async function* iterable() {
    yield new TextEncoder().encode("one ");
    yield "two";
  }
  const send = async (input: string | Request, body?: unknown): Promise<string> => {
    const init = body === undefined ? {} : { method: "POST", body, duplex: "half" };
    return await (await client.fetch(input, init as RequestInit)).text();
  };
  assertEquals(await send(server.url, iterable()), "one two");
  assertEquals(await send(new Request(server.url, { method: "PUT", body: "none" }), iterable()), "one two");
  const request = Object.defineProperty(new Request(server.url, { method: "POST", body: "" }), "body", {
    value: text(),
  });
  assertEquals(await send(request), "one two");
  const spec = { url: server.url, method: "POST", body: iterable() as AsyncIterable<Uint8Array> };
  assertEquals(await client.text(spec), "one two");
});

test("Client.fetch() ends an async iterable that was not sent when the call aborts", async () => {
  const { client } = setUp(() => ({ body: "never asked for" }));
  let ended = 0;
  const body: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => Promise.resolve({ done: true as const, value: ended++ }),
    }),
  };
  const init = { method: "POST", body, signal: AbortSignal.abort("no") } as unknown as RequestInit;
  assertEquals(await rejection(client.fetch(URL_A, init)), "no");
  await eventLoopTurn();
  assertEquals(ended, 1);
});

test("a stream of the caller that breaks off does not count against the origin it is sent to (S1)", async () => {
  // The server ignores a body that breaks off.
  await using server = serveHandler(async (request) => new Response(await request.text().catch(() => "")));
  const chunk = new Uint8Array(700_000);
  const bodies: Record<string, () => unknown> = {
    "a stream": () => new ReadableStream({ pull: () => Promise.reject(new RangeError("mine")) }),
    "a stream that has begun": () => {
      let nth = 0;
      return new ReadableStream({
        pull(controller) {
          if (nth++ === 3) throw new RangeError("mine");
          controller.enqueue(chunk);
        },
      });
    },
    "an iterable": async function* () {
      yield chunk;
      throw new RangeError("mine");
    },
  };
  for (const [name, body] of Object.entries(bodies)) {
    for (const isRequest of [false, true]) {
      await using client = createClient({ circuitBreaker: { threshold: 2, cooldownMs: 60_000 } });
      for (let nth = 0; nth < 4; nth++) {
        const init = { method: "PUT", body: body(), duplex: "half" } as RequestInit;
        const sent = isRequest ? client.fetch(new Request(server.url, init)) : client.fetch(server.url, init);
        assertInstanceOf(await rejection(sent), Error);
      }
      const about = `${name}${isRequest ? " of a Request" : ""}`;
      const { breaker, failed } = client.stats().origins[server.url] ?? { breaker: "closed", failed: 0 };
      assertEquals([about, breaker, failed], [about, "closed", 0]);
      assertEquals(await client.text({ url: server.url, method: "POST", body: "x" }), "x");
    }
  }
});

test("a server's error is reported by its status, even while a stream is sent to it (S14)", async () => {
  const { client } = setUp(() => ({ status: 500 }), { circuitBreaker: { threshold: 2, cooldownMs: 60_000 } });
  for (let nth = 0; nth < 2; nth++) {
    const body = new Blob(["x"]).stream();
    const response = await client.fetch(URL_A, { method: "PUT", body });
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  assertEquals(client.stats().origins["https://a.test"]?.breaker, "open");
});

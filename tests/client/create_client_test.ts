import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import * as v from "valibot";
import {
  type BatchOptions,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  type FetchRequest,
  HttpError,
  InvalidDataError,
  NetworkError,
  type Outcome,
  type RequestOptions,
  type RequestSpec,
  type StandardSchemaV1,
  type ValueSource,
} from "../../mod.ts";
import { test } from "../support/test.ts";
import { fakeClient } from "./fake_client.ts";
import { gate, rejection, watch } from "../support/settled.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function assertType<T extends true>(): T | undefined {
  return undefined;
}

const URL_A = "https://a.test/a.json";

test("Client infers its types from the options", async () => {
  const { client } = fakeClient(() => ({ json: "7" }));
  const schema = v.pipe(v.string(), v.transform(Number));
  const spec: RequestSpec = { url: URL_A, schema };

  const json = client.json(URL_A);
  const checked = client.json(URL_A, { schema });
  const text = client.text(spec);
  const bytes = client.bytes(new URL(URL_A));
  const all = client.all([URL_A], { schema });
  const allText = client.all([URL_A], { as: "text" });
  const allBytes = client.all([URL_A], { as: "bytes" });
  const settled = client.settle([URL_A]);
  const stream = client.stream([URL_A], { schema, ordered: true });
  const record = client.record({ left: URL_A, right: spec }, { as: "text" });
  assertType<Equal<typeof json, Promise<unknown>>>();
  assertType<Equal<typeof checked, Promise<number>>>();
  assertType<Equal<typeof text, Promise<string>>>();
  assertType<Equal<typeof bytes, Promise<Uint8Array<ArrayBuffer>>>>();
  assertType<Equal<typeof all, Promise<[number]>>>();
  assertType<Equal<typeof allText, Promise<[string]>>>();
  assertType<Equal<typeof allBytes, Promise<[Uint8Array<ArrayBuffer>]>>>();
  assertType<Equal<typeof settled, Promise<[Outcome<unknown>]>>>();
  assertType<Equal<typeof stream, AsyncIterableIterator<Outcome<number>> & AsyncDisposable>>();
  assertType<Equal<typeof record, Promise<Record<"left" | "right", Outcome<string>>>>>();
  assertType<Equal<FetchRequest, string | URL | RequestSpec>>();
  assertType<BatchOptions extends RequestOptions ? true : false>();
  assertType<Equal<Extract<Outcome<number>, { ok: true }>["value"], number>>();
  assertType<Equal<Extract<Outcome<number>, { ok: true }>["from"], ValueSource>>();
  assertType<Equal<Extract<Outcome<number>, { ok: false }>["error"], Error>>();
  assertType<Equal<ValueSource, "network" | "cache" | "stale" | "shared">>();
  // @ts-expect-error: there is no such option, so that a typing error does not pass.
  const slip: ClientOptions = { concurency: 3 };

  const standard: StandardSchemaV1<string, number> = schema;
  const dropIn: typeof fetch = client.fetch;
  const disposable: AsyncDisposable = client;
  assertEquals([await checked, await all, await (await dropIn(URL_A)).json()], [7, [7], "7"]);
  assertEquals([typeof await allBytes, await allText], ["object", ['"7"']]);
  await Promise.all([json, text, bytes, settled, record, stream.next()]);
  assert(standard === schema && disposable === client && slip !== undefined);
  await client.close();
});

test("Client.json(), text() and bytes() decode the same body", async () => {
  const { client } = fakeClient(() => ({ body: '{"name":"Zoë"}' }));

  assertEquals(await client.json(URL_A), { name: "Zoë" });
  assertEquals(await client.text(URL_A), '{"name":"Zoë"}');
  assertEquals(await client.bytes(URL_A), new TextEncoder().encode('{"name":"Zoë"}'));
});

test("Client.json(), text() and bytes() ignore 'as', which is for batches", async () => {
  const { client } = fakeClient(() => ({ body: "1" }));

  assertEquals(await client.json({ url: URL_A, as: "text" }), 1);
  assertEquals(await client.text({ url: URL_A, as: "bytes" }), "1");
  assertEquals(await client.bytes(URL_A, { as: "json" }), new Uint8Array([49]));
});

test("Client.json(), text() and bytes() refuse options that belong elsewhere, and say where", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }));
  const cases: readonly (readonly [string | RequestSpec, unknown, string])[] = [
    [URL_A, { method: "POST", body: "{}" }, "put 'method' into the request: { url, method }"],
    [URL_A, { url: URL_A }, "put 'url' into the request: { url }"],
    [URL_A, { concurrency: 1 }, "'concurrency'"],
    [URL_A, { timeoutMS: 5 }, "did you mean 'timeoutMs'?"],
    [URL_A, { baseUrl: URL_A }, "did you mean 'baseUrls'? If so, give it to createClient()"],
    [URL_A, null, "must be an object"],
    [URL_A, 0, "must be an object"],
    [{ url: URL_A, prefetch: 1 } as unknown as RequestSpec, undefined, "give it to stream()"],
    [new Request(URL_A) as unknown as RequestSpec, undefined, "use client.fetch() for a Request"],
    [Promise.resolve(URL_A) as unknown as RequestSpec, undefined, "await it first"],
    [7 as unknown as string, undefined, "received 7"],
  ];
  for (const [request, options, part] of cases) {
    for (const method of ["json", "text", "bytes"] as const) {
      const error = await rejection(client[method as "json"](request, options as RequestOptions));
      assertInstanceOf(error, TypeError);
      assert(error.message.includes(part), error.message);
    }
  }
  assertEquals([network.sent.length, client.stats().requests], [0, 0]);
});

test("Client.json() accepts a byte order mark and white space, as any JSON reader does", async () => {
  const { client } = fakeClient(() => ({ body: '\uFEFF \n{"a":1}\n' }));

  assertEquals(await client.json(URL_A), { a: 1 });
});

test("Client.json() gives undefined for 204, 205, 304 and empty bodies, and null for null", async () => {
  const { client } = fakeClient(({ url }) => {
    const name = url.split("/").at(-1)!;
    if (name === "empty") return { body: "" };
    return name === "null" ? { body: "null" } : { status: Number(name), body: null };
  });

  for (const name of ["204", "205", "304", "empty"]) {
    assertStrictEquals(await client.json(`https://a.test/${name}`), undefined, name);
  }
  assertStrictEquals(await client.json("https://a.test/null"), null);
  assertEquals(await client.text("https://a.test/204"), "");
  assertEquals(await client.bytes("https://a.test/204"), new Uint8Array());
});

test("Client.json() resolves with the output of the schema, also of an async schema", async () => {
  const { client } = fakeClient(() => ({ json: { lap: "7" } }));
  const schema = v.object({ lap: v.pipe(v.string(), v.transform(Number)) });
  const slow = v.pipeAsync(schema, v.checkAsync(async (value) => await Promise.resolve(value.lap === 7)));

  assertEquals(await client.json(URL_A, { schema }), { lap: 7 });
  assertEquals(await client.json({ url: URL_A, schema }), { lap: 7 });
  assertEquals(await client.json(URL_A, { schema: slow }), { lap: 7 });
});

test("Client.json() rejects with the issues of the schema, and validate: false skips it", async () => {
  const { client, network } = fakeClient(() => ({ json: { laps: [{ time: "None" }] } }));
  const schema = v.object({ laps: v.array(v.object({ time: v.number("must be a time") })) });

  const error = await rejection(client.json(URL_A, { schema }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals([error.reason, error.url, error.method, error.attempts], ["schema", URL_A, "GET", 1]);
  assertEquals(error.issues, [{ message: "must be a time", path: "laps.0.time" }]);
  assertEquals(network.sent.length, 1);
  const raw: unknown = await client.json(URL_A, { schema, validate: false });
  assertEquals(raw, { laps: [{ time: "None" }] });

  const lenient = createClient({ fetch: network.fetch, validate: false });
  assertEquals<unknown>(await lenient.json(URL_A, { schema }), raw);
  assertInstanceOf(await rejection(lenient.json(URL_A, { schema, validate: true })), InvalidDataError);
});

test("Client.json() rejects when the schema throws, without another attempt", async () => {
  const { client, network, clock } = fakeClient(() => ({ json: 1 }), { concurrency: 1 });
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => {
        throw new RangeError("broken schema");
      },
    },
  };

  const error = await clock.run(rejection(client.json(URL_A, { schema })));
  assertInstanceOf(error, Error);
  assertEquals(network.sent.length, 1);
  assertEquals(await clock.run(client.json(URL_A)), 1);
  assertEquals(client.stats().inFlight, 0);
});

test("Client.bytes() gives each caller bytes of its own", async () => {
  const { client } = fakeClient(() => ({ body: "abc" }));

  const [one, two] = await Promise.all([client.bytes(URL_A), client.bytes(URL_A)]);
  one.fill(0);
  assertEquals(two, new TextEncoder().encode("abc"));
  assertNotStrictEquals(one.buffer, two.buffer);
  assertEquals(one.byteLength, one.buffer.byteLength);
});

test("Client.json() rejects with HttpError and DataNotFoundError", async () => {
  const { client } = fakeClient(({ url }) => ({
    status: Number(url.split("/").at(-1)),
    body: "why <b>not</b>",
    headers: { "x-trace": "7" },
  }), { maxRetries: 0 });

  for (const status of [400, 401, 403, 409, 422, 451, 500, 501, 503]) {
    const error = await rejection(client.json(`https://a.test/${status}`));
    assertInstanceOf(error, HttpError);
    assertEquals([error.status, error.body, error.headers.get("x-trace")], [status, "why <b>not</b>", "7"]);
    assertEquals([error.method, error.attempts], ["GET", 1]);
  }
  for (const status of [404, 410]) {
    const error = await rejection(client.json(`https://a.test/${status}`));
    assertInstanceOf(error, DataNotFoundError);
    assertEquals(error.status, status as 404 | 410);
  }
});

test("Client sends the headers of the client and of the request, and the request's replace the same name", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }), {
    headers: { "X-Team": "client", accept: "client/json" },
  });

  await client.json(URL_A, { headers: { "x-team": "options" } });
  await client.json({ url: URL_A, headers: { "X-TEAM": "spec" } }, {
    headers: { "x-team": "o", "x-more": "1" },
  });
  await client.json(URL_A, { headers: new Headers({ "X-Team": "headers" }) });
  await client.json(URL_A);

  assertEquals(network.sent.map(({ headers }) => headers.get("x-team")), [
    "options",
    "spec",
    "headers",
    "client",
  ]);
  assertEquals(network.sent.map(({ headers }) => headers.get("accept")), Array(4).fill("client/json"));
});

test("Client prefers a request's own options to those beside it", async () => {
  const { client, network, clock } = fakeClient(() => ({ status: 503 }));

  await clock.run(rejection(client.json({ url: URL_A, maxRetries: 0 }, { maxRetries: 2 })));
  assertEquals(network.sent.length, 1);
  await clock.run(rejection(client.json({ url: URL_A }, { maxRetries: 1 })));
  assertEquals(network.sent.length, 3);
});

test("Client sends methods and bodies as they were given", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }));
  const form = new URLSearchParams({ a: "1" });
  const bodies = ["text", new Uint8Array([1, 2]), form, new Blob(["blob"]), new FormData()];

  for (const body of bodies) await client.json({ url: URL_A, method: "post", body });
  await client.json({ url: URL_A, method: "Put", body: "x", headers: { "content-type": "text/x" } });
  await client.text({ url: URL_A, method: "head" });
  await client.json({ url: URL_A, body: null });

  assertEquals(network.sent.map(({ method }) => method), [...Array(5).fill("POST"), "PUT", "HEAD", "GET"]);
  for (const [index, body] of bodies.entries()) assertEquals(network.sent[index]!.body, body);
  assertEquals(network.sent[5]!.headers.get("content-type"), "text/x");
});

test("Client sends the content that a body had when the request was made, also after a wait and a retry", async () => {
  let failures = 1;
  const { client, network, clock } = fakeClient(() => failures-- > 0 ? { status: 503 } : { json: 1 }, {
    concurrency: 1,
  });
  const parameters = new URLSearchParams();
  const calls = [1, 2, 3].map((page) => {
    parameters.set("page", String(page));
    const init = { method: "PUT", body: parameters };
    return page === 2 ? client.fetch(URL_A, init) : client.json({ url: URL_A, ...init });
  });
  parameters.set("page", "too late");
  await clock.run(Promise.all(calls));
  assertEquals(network.sent.map(({ body }) => String(body)), ["page=1", "page=2", "page=3", "page=1"]);
});

test("Client resolves relative URLs against its base URL, and leaves absolute ones alone", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }), { baseUrls: "https://a.test/data/v1" });
  const slashed = createClient({ fetch: network.fetch, baseUrls: [new URL("https://b.test/data/")] });

  await client.json("2025/laps.json?driver=VER#top");
  await client.json({ url: "/rooted.json" });
  await client.json("https://c.test/else.json");
  await client.json(new URL("https://c.test/url.json"));
  await slashed.json("x.json");
  await slashed.json("");

  assertEquals(network.urls.map((url) => url.split("#")[0]), [
    "https://a.test/data/v1/2025/laps.json?driver=VER",
    "https://a.test/data/v1/rooted.json",
    "https://c.test/else.json",
    "https://c.test/url.json",
    "https://b.test/data/x.json",
    "https://b.test/data/",
  ]);
});

test("Client names a bad URL, header or method, before anything is sent", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }));
  const cases: readonly (readonly [FetchRequest, RegExp])[] = [
    ["laps.json", /laps\.json/],
    ["", /URL|url/],
    ["http://", /http:\/\//],
    ["https://exa mple.test/", /exa mple/],
    ["ftp://a.test/x", /ftp:/],
    ["file:///etc/hosts", /file:/],
    ["blob:https://a.test/1", /blob:/],
    [{ url: URL_A, headers: { "bad name": "x" } }, /bad/],
    [{ url: URL_A, headers: { "x-a": "line\nbreak" } }, /x-a/],
    [{ url: URL_A, headers: { "x-a": "snow ☃" } }, /x-a/],
    [{ url: URL_A, method: "GE T" }, /GE T/],
    [{ url: URL_A, method: "" }, /method/],
    [{ url: URL_A, method: "CONNECT" }, /CONNECT/],
    [{ url: URL_A, body: "x" }, /body/],
    [{ url: URL_A, method: "head", body: "x" }, /body/],
  ];

  for (const [request, name] of cases) {
    const error = await rejection(client.json(request));
    assertInstanceOf(error, TypeError, `${name}`);
    assert(name.test(error.message), `${name}: ${error.message}`);
  }
  assertEquals([network.sent.length, client.stats().requests, client.stats().inFlight], [0, 0, 0]);
});

test("Client names a bad option of a request, before anything is sent", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }));
  const wrongTypes: Record<string, unknown> = {
    signal: {},
    schema: { parse: () => 1 },
    as: "xml",
    timeoutMs: "5",
    totalTimeoutMs: "5",
    maxRetries: "3",
    maxBodyBytes: "1",
    cache: "sometimes",
    readCache: 1,
    writeCache: "no",
    validate: 0,
    priority: "high",
    idempotent: "yes",
    headers: "accept: text",
    notFoundIsFinal: 1,
    retries: 3,
  };
  const outOfRange: Record<string, unknown> = {
    timeoutMs: 0,
    totalTimeoutMs: -1,
    maxRetries: 1.5,
    maxBodyBytes: -1,
    priority: NaN,
  };

  const problems: string[] = [];
  for (const [type, table] of [[TypeError, wrongTypes], [RangeError, outOfRange]] as const) {
    for (const [name, value] of Object.entries(table)) {
      const options = { [name]: value } as RequestOptions;
      for (const call of [() => client.json(URL_A, options), () => client.json({ url: URL_A, ...options })]) {
        const error = await call().then(() => new Error("it passed"), (error) => error as Error);
        const isGood = error instanceof type && error.message.includes(`'${name}'`);
        if (!isGood) problems.push(`${type.name} for ${name}: ${String(value)}, but ${error}`);
      }
    }
  }
  assertEquals(problems, []);
  for (const request of [undefined, null, 7, {}, [URL_A], { url: 7 }]) {
    assertInstanceOf(await rejection(client.json(request as unknown as string)), TypeError);
  }
  assertEquals(network.sent.length, 0);
});

test("Client rejects with the signal's own reason, and makes no call when it has already aborted", async () => {
  const { client, network, clock } = fakeClient(() => ({ json: 1, afterMs: 10 }));
  const reason = { my: "reason" };

  assertStrictEquals(await rejection(client.json(URL_A, { signal: AbortSignal.abort(reason) })), reason);
  assertEquals(network.sent.length, 0);

  const controller = new AbortController();
  const pending = rejection(client.text(URL_A, { signal: controller.signal }));
  await clock.advance(5);
  controller.abort(reason);
  assertStrictEquals(await pending, reason);
  await clock.advance(0);
  assertEquals([network.sent.length, network.open, clock.pending], [1, 0, 0]);
});

test("Client passes its own signal to fetch, never the caller's", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }));
  const { signal } = new AbortController();

  await client.json(URL_A, { signal });
  await client.json({ url: URL_A, signal });
  await (await client.fetch(URL_A, { signal })).json();

  assertEquals(network.sent.length, 3);
  for (const request of network.sent) {
    assert(request.signal !== undefined && request.signal !== null);
    assertNotStrictEquals(request.signal, signal);
  }
});

test("Client.close() aborts running and waiting requests with its reason, and refuses later ones", async () => {
  const { client, network, clock } = fakeClient(() => ({ json: 1, afterMs: 1_000 }), { concurrency: 2 });
  const reason = new Error("the end");
  const calls = Array.from({ length: 5 }, (_, n) => rejection(client.json(`https://a.test/${n}`)));
  // Neither batch has got a permit yet, so that nothing was pulled from them.
  const streamed = rejection(Array.fromAsync(client.stream(["https://a.test/s1", "https://a.test/s2"])));
  const outcomes = rejection(client.settle(["https://a.test/b1", "https://a.test/b2"]));
  const all = rejection(client.all(["https://a.test/a1"]));
  await clock.advance(10);

  await client.close(reason);
  for (const error of await Promise.all([...calls, all])) assertStrictEquals(error, reason);
  assertStrictEquals(await outcomes, reason);
  assertStrictEquals(await streamed, reason);
  await clock.advance(0);
  assertEquals([network.sent.length, network.open, clock.pending], [2, 0, 0]);

  await client.close(new Error("again"));
  assertStrictEquals(await rejection(client.json(URL_A)), reason);
  assertStrictEquals(await rejection(client.fetch(URL_A)), reason);
  assertStrictEquals(await rejection(client.all([URL_A])), reason);
  assertEquals(network.sent.length, 2);
  const { inFlight, queued } = client.stats();
  assertEquals([inFlight, queued], [0, 0]);
});

test("Client.close() gives an AbortError by default, and so does leaving an await using block", async () => {
  const { clock, network } = fakeClient(() => ({ json: 1, afterMs: 1_000 }));
  const pending: Promise<unknown>[] = [];
  {
    await using client = createClient({ fetch: network.fetch, clock });
    pending.push(rejection(client.json(URL_A)));
    await clock.advance(1);
  }
  const [error] = await Promise.all(pending);
  await clock.advance(0);
  assertInstanceOf(error, DOMException);
  assertEquals(error.name, "AbortError");
  assertEquals([network.open, clock.pending], [0, 0]);
});

test("Client.close() ends a wait for a token, a backoff and a body", async () => {
  const { client, network, clock } = fakeClient(({ url }) => {
    if (url.endsWith("/backoff")) return { status: 503 };
    return { json: 1, bodyMs: 1_000 };
  }, { rateLimit: { limit: 1, intervalMs: 1_000, burst: 2 } });
  const reason = new Error("the end");
  const backoff = rejection(client.json("https://a.test/backoff"));
  const body = rejection(client.json("https://a.test/body"));
  const token = rejection(client.json("https://a.test/token"));
  await clock.advance(500);
  assertEquals(network.sent.length, 2);

  await client.close(reason);
  for (const pending of [backoff, body, token]) assertStrictEquals(await pending, reason);
  await clock.advance(0);
  assertEquals([network.sent.length, network.open, clock.pending], [2, 0, 0]);
});

test("Client.close() waits until every permit and body has been given up", async () => {
  const deaf = gate();
  const { client, clock } = fakeClient(() => ({ json: 1, gate: deaf.promise, deaf: true }));
  const call = watch(client.json(URL_A));
  await clock.advance(1);

  const closing = watch(client.close());
  await clock.advance(1);
  assertEquals([call.state, closing.state, client.stats().inFlight], ["rejected", "pending", 1]);
  deaf.open();
  await clock.advance(1);
  assertEquals([closing.state, client.stats().inFlight], ["fulfilled", 0]);
});

test("createClient() accepts a signal that closes the client, also one that has already aborted", async () => {
  const reason = new Error("shutdown");
  const controller = new AbortController();
  const { client, network, clock } = fakeClient(() => ({ json: 1, afterMs: 1_000 }), {
    signal: controller.signal,
  });
  const pending = rejection(client.json(URL_A));
  await clock.advance(1);
  controller.abort(reason);
  assertStrictEquals(await pending, reason);
  assertStrictEquals(await rejection(client.json(URL_A)), reason);
  await clock.advance(0);
  assertEquals([network.sent.length, clock.pending], [1, 0]);

  const closed = createClient({ fetch: network.fetch, signal: AbortSignal.abort(reason) });
  assertStrictEquals(await rejection(closed.json(URL_A)), reason);
  assertEquals(network.sent.length, 1);
});

test("createClient() by default uses the global fetch at the time of each call", async () => {
  const original = globalThis.fetch;
  const client = createClient();
  try {
    globalThis.fetch = () => Promise.resolve(Response.json("patched"));
    assertEquals(await client.json(URL_A), "patched");
  } finally {
    globalThis.fetch = original;
    await client.close();
  }
});

test("Client.json() rejects with NetworkError when fetch rejects, or throws at once", async () => {
  const failure = new TypeError("no route");
  const client = createClient({
    fetch: () => {
      throw failure;
    },
    maxRetries: 0,
  });

  const error = await rejection(client.json(URL_A));
  assertInstanceOf(error, NetworkError);
  assertEquals([error.attempts, error.url, error.method], [1, URL_A, "GET"]);
  assertStrictEquals(error.cause, failure);
  assertEquals(client.stats().inFlight, 0);
});

test("createClient() calls its fetch as a plain function, as browsers demand of theirs", async () => {
  let receiver: unknown = "never called";
  const client = createClient({
    fetch: function (this: unknown) {
      receiver = this;
      return Promise.resolve(Response.json(1));
    },
  });

  assertEquals(await client.json(URL_A), 1);
  assert(receiver === undefined || receiver === globalThis);
});

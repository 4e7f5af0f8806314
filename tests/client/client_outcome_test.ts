import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import * as v from "valibot";
import {
  type CallOptions,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  type FetchRequest,
  HttpError,
  InvalidDataError,
  NetworkError,
  type Outcome,
} from "../../mod.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";
import { type FakeClient, fakeClient } from "./fake_client.ts";
import type { Answer, SentRequest } from "./fake_network.ts";
import { rejection } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";

const URL_A = "https://a.test/a.json";

interface Setup extends FakeClient {
  readonly outcome: (request: FetchRequest, options?: CallOptions) => Promise<Outcome<unknown>>;
}

function setUp(answer: (request: SentRequest) => Answer, options: ClientOptions = {}): Setup {
  const made = fakeClient(answer, { maxRetries: 0, ...options });
  const { clock, client } = made;
  return { ...made, outcome: (request, options) => clock.run(client.outcome(request, options)) };
}

/** Returns the error of an outcome that failed after `attempts` attempts. */
function errorOf(outcome: Outcome<unknown>, attempts: number): Error {
  assert(!outcome.ok);
  assertEquals([outcome.index, outcome.attempts], [0, attempts]);
  return outcome.error;
}

test("Client.outcome() resolves with the value and the response's status, headers and URL", async () => {
  const { outcome } = setUp(() => ({
    status: 203,
    headers: { "x-total": "7", "content-type": "application/json" },
    json: { a: 1 },
    afterMs: 25,
  }));
  const result = await outcome(URL_A);

  assert(result.ok);
  const { headers, ...rest } = result;
  assertEquals(rest, {
    ok: true,
    index: 0,
    request: URL_A,
    value: { a: 1 },
    status: 203,
    url: URL_A,
    from: "network",
    attempts: 1,
    durationMs: 25,
  });
  assertEquals([headers.get("x-total"), headers.get("content-type")], ["7", "application/json"]);
});

test("Client.outcome() keeps several cookies apart in the headers", async () => {
  const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  const client = createClient({ fetch: () => Promise.resolve(new Response("1", { headers })) });
  const result = await client.outcome(URL_A);

  assert(result.ok);
  assertEquals(result.headers.getSetCookie(), ["a=1", "b=2"]);
});

test("Client.outcome() decodes as options and request say, and validates the value", async () => {
  const { outcome } = setUp(() => ({ body: "7" }));
  const schema = v.pipe(v.number(), v.transform((number) => `lap ${number}`));
  const valueOf = async (request: FetchRequest, options?: CallOptions): Promise<unknown> => {
    const result = await outcome(request, options);
    return result.ok ? result.value : result.error;
  };

  assertEquals(await valueOf(URL_A), 7);
  assertEquals(await valueOf(new URL(URL_A), { as: "text" }), "7");
  assertEquals(await valueOf({ url: URL_A, as: "bytes" }), new Uint8Array([55]));
  assertEquals(await valueOf({ url: URL_A, as: "text" }, { as: "bytes" }), "7");
  assertEquals(await valueOf(URL_A, { schema }), "lap 7");
  assertEquals(await valueOf({ url: URL_A, schema }), "lap 7");
  assertInstanceOf(await valueOf(URL_A, { schema: v.string() }), InvalidDataError);
});

test("Client.outcome() gives undefined for an empty body, with its status", async () => {
  const { outcome } = setUp(({ url }) => ({ status: Number(url.split("/").at(-1)), body: null }));
  for (const status of [204, 205, 304]) {
    const result = await outcome(`https://a.test/${status}`);
    assert(result.ok);
    assertEquals([result.value, result.status], [undefined, status]);
  }
});

test("Client.outcome() says how a request failed, and after how many attempts", async () => {
  const { outcome } = setUp(({ url }) => {
    if (url.endsWith("/refused")) return { error: new TypeError("refused") };
    if (url.endsWith("/html")) return { body: "<html>" };
    return { status: Number(url.split("/").at(-1)), afterMs: 5 };
  }, { maxRetries: 2 });

  assertInstanceOf(errorOf(await outcome("https://a.test/500"), 3), HttpError);
  assertInstanceOf(errorOf(await outcome("https://a.test/404"), 1), DataNotFoundError);
  assertInstanceOf(errorOf(await outcome("https://a.test/refused"), 3), NetworkError);
  assertInstanceOf(errorOf(await outcome("https://a.test/html"), 1), InvalidDataError);
  const once = await outcome("https://a.test/500", { maxRetries: 0 });
  assertEquals([once.durationMs, once.request], [5, "https://a.test/500"]);
});

test("Client.outcome() tells the wait that a server asks for with a status that the client does not retry", async () => {
  for (
    const [status, headers, waitMs] of [
      [413, { "retry-after": "30" }, 30_000],
      [403, { "retry-after": "30" }, 30_000],
      [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60" }, 60_000],
      [400, {}, undefined],
    ] as const
  ) {
    const { outcome } = setUp(() => ({ status, headers }));
    const error = errorOf(await outcome(URL_A), 1);
    assert(error instanceof HttpError);
    assertEquals([error.status, error.retryAfterMs], [status, waitMs]);
  }
});

test("Client.outcome() resolves with the result of a retry", async () => {
  const { outcome } = setUp(
    ({ nth }) => ({ status: nth < 3 ? 503 : 200, json: nth, headers: { "x-nth": `${nth}` } }),
    { maxRetries: 3 },
  );
  const result = await outcome(URL_A);
  assert(result.ok);
  assertEquals([result.value, result.attempts, result.status, result.headers.get("x-nth")], [3, 3, 200, "3"]);
});

test("Client.outcome() never rejects for a malformed request", async () => {
  const { outcome, network } = setUp(() => ({ json: 1 }));
  const requests: readonly (readonly [unknown, typeof Error])[] = [
    ["no url", TypeError],
    ["ftp://a.test/", TypeError],
    [{ url: URL_A, timeoutMs: -1 }, RangeError],
    [{ url: URL_A, concurrency: 3 }, TypeError],
    [{ url: URL_A, headers: { "bad name": "x" } }, TypeError],
    [{ url: URL_A, body: "{}" }, TypeError],
    [{}, TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [7, TypeError],
    [[URL_A], TypeError],
    [new Request(URL_A), TypeError],
    [Promise.resolve(URL_A), TypeError],
  ];
  for (const [request, type] of requests) {
    const result = await outcome(request as string);
    assertInstanceOf(errorOf(result, 0), type);
    assertStrictEquals(result.request, request);
    assertEquals(result.durationMs, 0);
  }
  assertEquals(network.sent.length, 0);
});

test("Client.outcome() rejects for malformed options, before anything is sent", async () => {
  const { client, network } = setUp(() => ({ json: 1 }));
  const cases: readonly (readonly [unknown, typeof Error, string])[] = [
    [{ timeoutMs: -1 }, RangeError, "'timeoutMs'"],
    [{ as: "xml" }, TypeError, "'as'"],
    [{ method: "POST" }, TypeError, "'method'"],
    [{ concurrency: 3 }, TypeError, "'concurrency'"],
    [{ timeout: 3 }, TypeError, "'timeoutMs'"],
    [{ headers: { "bad name": "x" } }, TypeError, "header"],
    [null, TypeError, "options"],
  ];
  for (const [options, type, part] of cases) {
    const error = await rejection(client.outcome(URL_A, options as CallOptions));
    assertInstanceOf(error, type);
    assert(error.message.includes(part), error.message);
  }
  assertEquals(network.sent.length, 0);
});

for (const place of ["options", "request"] as const) {
  test(`Client.outcome() reports an abort by the signal of its ${place} with the reason itself`, async () => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 100 }));
    const start = (signal: AbortSignal) =>
      place === "options" ? client.outcome(URL_A, { signal }) : client.outcome({ url: URL_A, signal });
    const reason = new Error("enough");
    assertStrictEquals(errorOf(await start(AbortSignal.abort(reason)), 0), reason);
    assertEquals(network.sent.length, 0);

    const controller = new AbortController();
    const count = countAbortListeners(controller.signal);
    const pending = start(controller.signal);
    await clock.advance(10);
    controller.abort(reason);
    const result = await pending;
    assertStrictEquals(errorOf(result, 1), reason);
    assertEquals(result.durationMs, 10);
    await clock.advance(0);
    assertEquals([network.open, clock.pending, count.now], [0, 0, 0]);
  });
}

test("Client.outcome() reports that the client was closed, before or during the request", async () => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }));
  const pending = client.outcome(URL_A);
  await clock.advance(10);
  const reason = new Error("closed");
  await clock.run(client.close(reason));
  assertStrictEquals(errorOf(await pending, 1), reason);
  assertStrictEquals(errorOf(await client.outcome(URL_A), 0), reason);
});

test("Client.outcome() has the status and headers that the cache has stored", async () => {
  const { outcome, network } = setUp(() => ({ json: 1, headers: { etag: '"1"' } }), { cache: planOf() });
  const first = await outcome(URL_A);
  const second = await outcome(URL_A);

  assert(first.ok && second.ok);
  assertEquals([first.from, second.from, second.attempts, network.sent.length], ["network", "cache", 0, 1]);
  for (const { status, headers, url } of [first, second]) {
    assertEquals([status, headers.get("etag"), url], [200, '"1"', URL_A]);
  }
});

for (const first of ["outcome", "json"] as const) {
  test(`Client.outcome() shares a request with client.json(), called after ${first}`, async () => {
    const { client, clock, network } = setUp(() => ({ json: 1, headers: { etag: '"1"' }, afterMs: 10 }));
    const calls = { outcome: () => client.outcome(URL_A), json: () => client.json(URL_A) };
    const early = calls[first]();
    const outcomes = [client.outcome(URL_A), client.outcome(URL_A)];
    const value = client.json(URL_A);
    const [one, other] = await clock.run(Promise.all(outcomes));
    await clock.run(early);

    assertEquals([await value, network.sent.length], [1, 1]);
    assert(one?.ok && other?.ok);
    assertEquals([one.value, one.from, one.status, one.url], [1, "shared", 200, URL_A]);
    assertNotStrictEquals(one.headers, other.headers);
    one.headers.set("etag", "changed");
    assertEquals(other.headers.get("etag"), '"1"');
  });
}

test("Client.outcome() counts as one request in the statistics, like client.json()", async () => {
  const { client, clock, outcome } = setUp(() => ({ json: 1 }));
  await outcome(URL_A);
  assertEquals(await clock.run(client.json(URL_A)), 1);
  const { requests, succeeded, failed, inFlight } = client.stats();
  assertEquals([requests, succeeded, failed, inFlight], [2, 2, 0, 0]);
});

test("Client.outcome() names the URL that was asked in an error, and where redirects have led to", async () => {
  const { client, clock } = setUp(({ url }) =>
    url === URL_A ? { status: 302, headers: { location: "https://b.test/login" } } : { body: "<html>" }
  );
  const outcome = await clock.run(client.outcome(URL_A));
  assert(!outcome.ok && outcome.error instanceof InvalidDataError);
  const { url, context, message } = outcome.error;
  assertEquals([url, context], [URL_A, { redirectedTo: "https://b.test/login" }]);
  assert(message.startsWith(`The response to GET ${URL_A}, redirected to https://b.test/login,`), message);
});

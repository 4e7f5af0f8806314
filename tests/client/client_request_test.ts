import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type ClientOptions,
  createClient,
  type ExtendOptions,
  type FetchRequest,
  type RequestSpec,
} from "../../mod.ts";
import { type Bucket, Semaphore } from "../../src/primitives/mod.ts";
import { fakeClient, testClientsBothWays } from "./fake_client.ts";
import { test } from "../support/test.ts";
import { watch } from "../support/settled.ts";

const URL = "https://a.test/x";
const testBothWays = testClientsBothWays();
const ANSWER = () => ({ json: 1 });

async function sentFor(request: FetchRequest, options: ClientOptions = {}) {
  const { client, network } = fakeClient(ANSWER, options);
  await client.json(request);
  const [{ url, method, headers, body }] = network.sent as [typeof network.sent[0]];
  return { url, method, body, type: headers.get("content-type"), accept: headers.get("accept") };
}

test("Client.json() sends `json` with its content type, by POST unless the request says otherwise", async () => {
  for (const json of [{ a: 1 }, [], null, "text", 0, false]) {
    const sent = await sentFor({ url: URL, json });
    assertEquals([sent.method, sent.type, sent.body], ["POST", "application/json", JSON.stringify(json)]);
  }
  assertEquals((await sentFor({ url: URL, method: "put", json: 1 })).method, "PUT");
  assertEquals((await sentFor({ url: URL, json: undefined })).method, "GET");
});

test("Client.json() keeps a content type that the request, its options or the client sets", async () => {
  const headers = { "Content-Type": "application/vnd.api+json" };
  assertEquals((await sentFor({ url: URL, json: 1, headers })).type, headers["Content-Type"]);
  assertEquals((await sentFor({ url: URL, json: 1 }, { headers })).type, headers["Content-Type"]);
  const { client, network } = fakeClient(ANSWER);
  await client.json(URL, { json: 1, headers });
  assertEquals(network.sent[0]!.headers.get("content-type"), headers["Content-Type"]);
});

test("Client.json() refuses `json` beside a body, in a GET, and for values that can't be serialized", async () => {
  const { client, network } = fakeClient(ANSWER);
  const cases: readonly (readonly [RequestSpec, string])[] = [
    [{ url: URL, json: 1, body: "x" }, "either 'json' or 'body'"],
    [{ url: URL, json: 1, method: "GET" }, "a GET request must not have a 'body'"],
    [{ url: URL, json: 1n }, "written as JSON"],
  ];
  for (const [request, message] of cases) {
    await assertRejects(() => client.json(request), TypeError, message);
  }
  await assertRejects(
    () => client.fetch(URL, { body: "x", method: "POST" }, { json: 1 }),
    TypeError,
    "either",
  );
  assertEquals(network.sent.length, 0);
});

test("Client.json() retries a request with `json` only if it is idempotent", async () => {
  for (const [request, calls] of [[{}, 1], [{ method: "PUT" }, 2], [{ idempotent: true }, 2]] as const) {
    let sent = 0;
    const { client, clock, network } = fakeClient(() => ++sent === 1 ? { status: 503 } : { json: 1 });
    const value = client.json({ url: URL, json: { a: 1 }, ...request }).catch(() => {});
    await clock.advance(10_000);
    await value;
    assertEquals(network.sent.map(({ body }) => body), Array(calls).fill(`{"a":1}`));
  }
});

testBothWays(
  "Client.json() adds `query` of the request and of its options, for mirrors too",
  async (make) => {
    const { client, network } = make(ANSWER, { baseUrls: ["https://m.test/v1", "https://n.test"] });
    await client.json("x?a=1", { query: { b: 2 } });
    await client.json({ url: "x", query: { b: 3 } }, { query: { b: 2, c: 4 } });
    await client.settle(["https://a.test/1", { url: "y#f", query: "d=1" }], { query: { all: true } });
    assertEquals(network.urls, [
      "https://m.test/v1/x?a=1&b=2",
      "https://m.test/v1/x?c=4&b=3",
      "https://a.test/1?all=true",
      "https://m.test/v1/y?all=true&d=1#f",
    ]);
  },
);

test("Client.json() × single-flight: requests that differ only in `query` are different requests", async () => {
  const { client, network } = fakeClient(ANSWER);
  await client.all([URL, { url: URL, query: { a: 1 } }, { url: URL, query: { a: 1 } }, {
    url: URL,
    query: { a: 2 },
  }]);
  assertEquals(network.urls, [URL, `${URL}?a=1`, `${URL}?a=2`]);
});

test("Client.all() takes `query` and `json` when it is called, for all of its requests", async () => {
  const { client, clock, network } = fakeClient(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });
  const query = new Map([["page", 1]]);
  const json = { page: [1] };
  const bodies = clock.run(
    client.all([`${URL}/1`, `${URL}/2`, `${URL}/3`], { query: query.entries(), json }),
  );
  query.set("page", 2);
  json.page.push(2);
  await bodies;
  assertEquals(network.urls, [`${URL}/1?page=1`, `${URL}/2?page=1`, `${URL}/3?page=1`]);
  assertEquals(network.sent.map(({ body }) => body), Array(3).fill('{"page":[1]}'));
});

test("Client.settle() gives a request with a bad `query` its own outcome", async () => {
  const { client } = fakeClient(ANSWER);
  const bad = { url: URL, query: { a: {} as string } };
  const [first, second] = await client.settle([bad, URL]);
  assertEquals([first!.ok, second!.ok], [false, true]);
});

test("createClient() says where `json` and `query` belong", () => {
  for (const option of [{ json: 1 }, { query: {} }]) {
    assertThrows(() => createClient(option as ClientOptions), TypeError, "give it to each request");
  }
});

testBothWays("a `fetch` of the caller's own can't add headers of one request to another", async (setUp) => {
  const headers = { "x-common": "1" };
  const clients: readonly ClientOptions[] = [
    {},
    { headers },
    { headers, baseUrls: [{ url: "https://a.test", headers: { "x-mirror": "1" } }, "https://b.test"] },
  ];
  for (const options of clients) {
    const { client, network } = setUp(ANSWER, {
      ...options,
      fetch: (url, init) => {
        const own = init?.headers as Record<string, string> | undefined;
        if (own !== undefined && String(url).endsWith("/first")) own.authorization = "secret";
        return network.fetch(url, init);
      },
    });
    for (const name of ["first", "second"]) {
      const url = `https://a.test/${name}`;
      await client.json(url);
      await client.text(url);
      await client.fetch(url);
      await client.json({ url, method: "PUT", body: "x" });
      if (options.baseUrls !== undefined) await client.json(name);
    }
    await client.all(["https://a.test/first", "https://c.test/second"], { headers, concurrency: 1 });
    await client.all(["https://a.test/first", "https://c.test/second"], {
      headers,
      as: "text",
      concurrency: 1,
    });
    const sent = (name: string) => network.sent.filter(({ url }) => url.endsWith(`/${name}`));
    assert(sent("first").some(({ headers }) => headers.get("authorization") === "secret"));
    assert(sent("second").length > 0);
    for (const { headers } of sent("second")) assertEquals(headers.get("authorization"), null);
  }
});

test("S1: a POST is retried with an Idempotency-Key of the client or an extension, if that key is sent to the origin", async () => {
  const [key, others] = [{ "IDEMPOTENCY-Key": "1" }, { "x-other": "1" }];
  const baseUrls = "https://m.test";
  const cases: readonly (readonly [ClientOptions, ClientOptions | undefined, string, number])[] = [
    [{ headers: key }, undefined, URL, 2],
    [{ headers: new Headers(key) }, undefined, URL, 2],
    [{ headers: others }, { headers: key }, URL, 2],
    [{ headers: key }, { headers: others }, URL, 2],
    [{ headers: others }, undefined, URL, 1],
    [{ headers: key, baseUrls, clientHeadersTo: "mirrors" }, undefined, URL, 1],
    [{ headers: key, baseUrls }, undefined, "relative", 2],
  ];
  for (const [options, extension, url, times] of cases) {
    for (const idempotent of [undefined, false]) {
      const { client, clock, network } = fakeClient(() => ({ status: 503, body: "" }), {
        ...options,
        maxRetries: 1,
      });
      const asked = extension === undefined ? client : client.extend(extension as ExtendOptions);
      const request = { url, method: "POST", body: "x", idempotent };
      await clock.run(Promise.all([asked.outcome(request), asked.settle([{ ...request, url: `${url}/2` }])]));
      assertEquals(network.sent.length, idempotent === false ? 2 : 2 * times, JSON.stringify([options, url]));
    }
  }
});

testBothWays("A request that its own `limitKey` ends, by an abort or a close, is not sent", async (setUp) => {
  const reason = new Error("enough");
  for (const ends of ["close", "abort"] as const) {
    const controller = new AbortController();
    const limitKey = (): undefined => {
      if (ends === "abort") controller.abort(reason);
      else client.close(reason);
    };
    const { client, clock, network } = setUp(ANSWER, { limitKey });
    const failed = watch(client.json(URL, { signal: controller.signal }));
    await clock.advance(0);
    assertStrictEquals(failed.error, reason);
    assertEquals([network.sent.length, client.stats().queued], [0, 0]);
  }
});

test("A request that is being told of its abort takes no token, whatever its listener releases", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  let taken = 0;
  const rateLimit: Bucket = {
    tryTake: () => ++taken > 0,
    notify: () => ({ [Symbol.dispose]() {} }),
  };
  const { client, clock, network } = fakeClient(ANSWER, { concurrency: semaphore, rateLimit });
  client.on(({ type }) => type === "settled" && held[Symbol.dispose]());
  const controller = new AbortController();
  const failed = watch(client.json(URL, { signal: controller.signal }));
  await clock.advance(0);
  controller.abort("enough");
  await clock.advance(0);
  assertEquals([failed.error, taken, network.sent.length], ["enough", 0, 0]);
  assertEquals(await clock.run(client.json(URL)), 1);
  assertEquals([taken, client.stats().inFlight], [1, 0]);
});

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { MirrorOptions } from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { withAccept, withDefaults } from "../../src/policies/default_headers.ts";
import { fakeClient, testClientsBothWays } from "../client/fake_client.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";

const URL = "https://a.test/x";
const A = "https://a.test";
const B = "https://b.test";
const OWN = { "Content-Type": "application/vnd.api+json" };
const JSON_TYPE = "application/json";

const testBothWays = testClientsBothWays();

test("withAccept() asks for JSON where JSON is wanted and no header says otherwise", () => {
  assertEquals({ ...withAccept(NO_HEADERS, "json") }, { accept: "application/json" });
  assertEquals({ ...withAccept({ a: "1" }, "json") }, { accept: "application/json", a: "1" });
  for (const headers of [{ accept: "text/csv" }, { accept: "", b: "1" }]) {
    assertStrictEquals(withAccept(headers, "json"), headers);
  }
  for (const as of ["text", "bytes"] as const) assertStrictEquals(withAccept(NO_HEADERS, as), NO_HEADERS);
});

testBothWays("withAccept() × methods: json() and batches ask for JSON, the others do not", async (make) => {
  const { client, network } = make(() => ({ json: 1 }));
  await client.json(URL);
  await client.settle([URL, { url: URL, as: "text" }]);
  await client.outcome(URL, { as: "bytes" });
  await client.text(URL);
  await (await client.fetch(URL)).body?.cancel();
  const accepted = network.sent.map(({ headers }) => headers.get("accept"));
  assertEquals(accepted, ["application/json", "application/json", null, null, null, null]);
});

testBothWays(
  "withAccept() × headers: those of the client, a mirror and the request take precedence",
  async (make) => {
    const own = { Accept: "application/geo+json" };
    const made = [
      make(() => ({ json: 1 }), { headers: own }),
      make(() => ({ json: 1 }), { baseUrls: [{ url: URL, headers: own }] }),
    ];
    for (const { client, network } of made) {
      await client.json("https://a.test/y").catch(() => {});
      await client.json("y").catch(() => {});
      assertEquals(network.sent.at(-1)!.headers.get("accept"), own.Accept);
    }
    const { client, network } = make(() => ({ json: 1 }));
    await client.json({ url: URL, headers: own });
    await client.json(URL, { headers: own });
    assertEquals(network.sent.map(({ headers }) => headers.get("accept")), [own.Accept, own.Accept]);
  },
);

test("withAccept() × single-flight and cache: JSON and text of one URL are two requests if the answer varies by accept", async () => {
  const { client, network } = fakeClient(({ headers }) => ({
    headers: { "cache-control": "max-age=60", vary: "accept" },
    body: headers.get("accept") === "application/json" ? "1" : "<html>",
  }), { cache: httpCache(memoryCache()) });
  const both = () => Promise.all([client.json(URL), client.text(URL)]);
  assertEquals(await both(), [1, "<html>"]);
  assertEquals(await both(), [1, "<html>"]);
  assertEquals(network.sent.length, 2);
});

test("withAccept() × ttlCache: forms share an answer unless the server varies it by accept, also while in flight", async () => {
  for (const [vary, requests] of [["origin", 1], ["accept", 2]] as const) {
    const { client, network } = fakeClient(({ headers }) => ({
      headers: { vary },
      body: vary === "accept" && headers.get("accept") === null ? "text" : "1",
    }), { cache: ttlCache(memoryCache(), { ttlMs: 60_000 }) });
    const text = vary === "accept" ? "text" : "1";
    assertEquals(await Promise.all([client.json(URL), client.text(URL)]), [1, text]);
    assertEquals(await client.text(URL), text);
    assertEquals(await client.json(URL), 1);
    assertEquals(network.sent.length, requests);
  }
});

test("withDefaults() adds a content type for `json` and accept for JSON, unless the headers say otherwise", () => {
  const headersOf = (headers: Record<string, string>, isJson: boolean, as: "json" | "text") =>
    withDefaults(headers, fakeCall({ request: { isJson }, settings: { as } }));
  assertEquals({ ...headersOf({ a: "1" }, true, "text") }, { a: "1", "content-type": JSON_TYPE });
  assertEquals({ ...headersOf(NO_HEADERS, true, "json") }, { accept: JSON_TYPE, "content-type": JSON_TYPE });
  assertEquals({ ...headersOf(NO_HEADERS, false, "json") }, { accept: JSON_TYPE });
  for (const typed of [{ "content-type": "text/x" }, { "content-type": "", accept: "text/csv" }]) {
    assertStrictEquals(headersOf(typed, true, "text"), typed);
  }
  assertStrictEquals(headersOf(NO_HEADERS, false, "text"), NO_HEADERS);
});

testBothWays(
  "withDefaults() × headers: those of the client, a mirror, a batch and a request take precedence",
  async (make) => {
    const one: MirrorOptions = { url: A, headers: OWN };
    const json = { lap: 1 };
    const cases = [
      [make(() => ({ json: 1 }), { headers: OWN }), { url: A, json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one] }), { url: "x", json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one, B] }), { url: "x", json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one] }), { url: B, json }, JSON_TYPE],
      [make(() => ({ json: 1 }), { baseUrls: [B, one] }), { url: "x", json }, JSON_TYPE],
      [make(() => ({ json: 1 })), { url: A, json, headers: OWN }, OWN["Content-Type"]],
      [make(() => ({ json: 1 })), { url: A, json }, JSON_TYPE],
    ] as const;
    for (const [{ client, network }, request, type] of cases) {
      await client.json(request);
      await client.settle([request]);
      await client.fetch(request.url, {
        method: "POST",
        headers: new Headers("headers" in request ? OWN : {}),
      }, { json });
      assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [type, type, type]);
    }
    const { client, network } = make(() => ({ json: 1 }));
    await client.settle([A, { url: B, headers: { "content-type": "text/x" } }], { json, headers: OWN });
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      OWN["Content-Type"],
      "text/x",
    ]);
  },
);

testBothWays(
  "withDefaults() × clientHeadersTo: a content type that stays with the mirrors does not count elsewhere",
  async (make) => {
    const { client, network } = make(() => ({ json: 1 }), {
      baseUrls: A,
      headers: OWN,
      clientHeadersTo: "mirrors",
    });
    for (const url of ["x", A, B]) await client.json({ url, json: 1 });
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      OWN["Content-Type"],
      OWN["Content-Type"],
      JSON_TYPE,
    ]);
  },
);

testBothWays(
  "withDefaults() × mirrors: each mirror gets its own content type, also in the same round",
  async (make) => {
    const { client, clock, network } = make(
      ({ url }) => ({ status: url.startsWith(A) ? 503 : 200, json: 1 }),
      {
        baseUrls: [A, { url: B, headers: OWN }],
      },
    );
    await clock.run(client.json({ url: "x", json: 1, idempotent: true }));
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      JSON_TYPE,
      OWN["Content-Type"],
    ]);
  },
);

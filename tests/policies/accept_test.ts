import { assertEquals, assertStrictEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import { withAccept } from "../../src/policies/accept.ts";
import { fakeClient, testClientsBothWays } from "../client/fake_client.ts";
import { test } from "../support/test.ts";

const URL = "https://a.test/x";
const testBothWays = testClientsBothWays();

test("withAccept() asks for JSON where that is wanted, and nothing else was said", () => {
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

testBothWays("withAccept() × headers: the client's, a mirror's and the request's go first", async (make) => {
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
});

test("withAccept() × single-flight and cache: JSON and text of one URL are two requests where the answer varies", async () => {
  const { client, network } = fakeClient(({ headers }) => ({
    headers: { "cache-control": "max-age=60", vary: "accept" },
    body: headers.get("accept") === "application/json" ? "1" : "<html>",
  }), { cache: httpCache(memoryCache()) });
  const both = () => Promise.all([client.json(URL), client.text(URL)]);
  assertEquals(await both(), [1, "<html>"]);
  assertEquals(await both(), [1, "<html>"]);
  assertEquals(network.sent.length, 2);
});

test("withAccept() × ttlCache: forms share what the server does not tell apart, also while it is asked", async () => {
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

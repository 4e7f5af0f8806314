import { assertEquals, assertStrictEquals } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import type { HeaderMap } from "../../src/http/headers.ts";
import { obeyCacheMode } from "../../src/policies/cache_mode.ts";
import type { CacheMode } from "../../src/policies/settings.ts";
import { Reply } from "../../src/policies/reply.ts";
import { unsatisfiable } from "../../src/policies/without_network.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";

const A = "https://a.test/x";
const SENT = ["default", "no-store", "reload", "no-cache", "force-cache"] as const;

/** Passes a call on, and returns the headers that it has then. */
async function headersOf(
  cache: CacheMode,
  own: HeaderMap,
  common: HeaderMap,
  showsRedirects = true,
): Promise<HeaderMap> {
  const call = fakeCall({ settings: { cache }, request: { headers: own } });
  const reply = new Reply(Response.json(1), { from: "network" });
  const handler = obeyCacheMode(() => Promise.resolve(reply), {
    runtime: { showsRedirects },
    headers: common,
  });
  assertStrictEquals(await handler(call), reply);
  return { ...call.headers };
}

test("obeyCacheMode() answers calls that only a cache may answer with a 504, and passes on all others", async () => {
  for (const cache of SENT) await headersOf(cache, {}, {});
  const handler = obeyCacheMode(() => Promise.reject(new Error("sent")), {
    runtime: { showsRedirects: true },
    headers: {},
  });
  const { status, from, url } = await handler(fakeCall({ settings: { cache: "only-if-cached" } }));
  assertEquals([status, from, url], [504, "cache", unsatisfiable("").url]);
});

test("obeyCacheMode() tells the caches on the way of 'reload' and 'no-cache', unless the caller's headers say something", async () => {
  const told = {
    "reload": { "cache-control": "no-cache", pragma: "no-cache" },
    "no-cache": { "cache-control": "max-age=0" },
  };
  for (const cache of ["reload", "no-cache"] as const) {
    assertEquals(await headersOf(cache, { a: "1" }, {}), { a: "1", ...told[cache] });
    const own = { "cache-control": "max-age=5" };
    assertEquals(await headersOf(cache, own, {}), own);
    assertEquals(await headersOf(cache, {}, own), {});
    assertEquals(await headersOf(cache, {}, {}, false), {});
  }
  const pragma = { pragma: "own" };
  assertEquals(await headersOf("reload", pragma, {}), { ...told.reload, ...pragma });
  assertEquals(await headersOf("reload", {}, pragma), { "cache-control": "no-cache" });
  for (const cache of ["default", "no-store", "force-cache"] as const) {
    assertEquals(await headersOf(cache, {}, {}), {});
  }
});

const testBothWays = testClientsBothWays();

testBothWays(
  "cache: 'reload' and 'no-cache' reach the caches on the way, with and without a cache of the client",
  async (make) => {
    const secret = { "x-api-key": "1" };
    for (const options of [{}, { baseUrls: A }, { cache: httpCache(memoryCache()) }] as ClientOptions[]) {
      for (const headers of [undefined, secret]) {
        const { client, clock, network } = make(() => ({ json: 1 }), options);
        for (const cache of ["default", "reload", "no-cache"] as const) {
          await clock.run(client.json(A, { cache, headers }));
          await clock.run(client.settle([A], { cache, headers }));
          await (await clock.run(client.fetch(A, { cache, headers: { ...headers } }))).text();
        }
        const told = network.sent.map(({ headers }) => headers.get("cache-control"));
        assertEquals(told.slice(-6), [...Array(3).fill("no-cache"), ...Array(3).fill("max-age=0")]);
        assertEquals(told.slice(0, -6).every((each) => each === null), true);
      }
    }
  },
);

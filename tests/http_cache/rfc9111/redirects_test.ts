import { assertEquals } from "@std/assert";
import { toMeta } from "../../../src/http_cache/rfc9111/meta.ts";
import { throughRedirects } from "../../../src/http_cache/rfc9111/redirects.ts";
import type { StaleWindows } from "../../../src/http_cache/rfc9111/reuse.ts";
import type { Hop } from "../../../src/policies/journey.ts";
import { test } from "../../support/test.ts";

const NOW = 1_767_225_600_000;
const [A, B, C] = ["https://a.test/a", "https://b.test/b", "https://c.test/c#part"];
const DAY_MS = 86_400_000;

/** A redirect that took a second, and arrived ten seconds ago. */
function hop(headers: HeadersInit, { status = 301, to = B } = {}): Hop {
  return {
    from: { url: A, method: "GET" },
    to: { url: to, method: "GET" },
    status,
    headers: new Headers(headers),
    sentAtMs: NOW - 11_000,
    answeredAtMs: NOW - 10_000,
  };
}

function metaOf(headers: HeadersInit, hops: readonly Hop[], windows?: StaleWindows, requestHeaders = {}) {
  const response = { status: 200, headers: new Headers(headers), requestedAtMs: NOW, storedAtMs: NOW };
  const direct = toMeta({ key: "key", url: B, vary: [], ...response, windows });
  return throughRedirects(direct, hops, { requestHeaders, windows });
}

const maxAge = (seconds: number, more = "") => ({ "cache-control": `max-age=${seconds}${more}` });

test("throughRedirects() is as old as the oldest of them, and fresh as long as all are", () => {
  const lifetime = (...parts: Parameters<typeof metaOf>) => {
    const meta = metaOf(...parts);
    return meta && [meta.initialAge, meta.freshForMs! - meta.initialAge];
  };
  assertEquals(lifetime(maxAge(60), [hop(maxAge(60))]), [11_000, 49_000]);
  assertEquals(lifetime(maxAge(20), [hop(maxAge(60))]), [11_000, 20_000]);
  assertEquals(lifetime({ ...maxAge(60), age: "50" }, [hop(maxAge(600))]), [50_000, 10_000]);
  assertEquals(lifetime(maxAge(60), [hop({ ...maxAge(600), age: "580" })]), [591_000, 9_000]);
  assertEquals(lifetime(maxAge(60), [hop(maxAge(600)), hop(maxAge(12), { to: C })]), [11_000, 1_000]);
  assertEquals(lifetime(maxAge(60), [hop(maxAge(600)), hop(maxAge(11), { to: C })]), undefined);
  assertEquals(lifetime(maxAge(1e9), [hop({})]), [11_000, DAY_MS - 11_000]);
  assertEquals(lifetime(maxAge(1e9), [hop({}, { status: 302 })]), undefined);
});

test("throughRedirects() refuses redirects that may not be stored", () => {
  const refused = [
    hop(maxAge(60, ", no-store")),
    hop({ ...maxAge(60), vary: "*" }),
    hop(maxAge(60), { to: "https://alice:s3cret@b.test/" }),
    hop(maxAge(60), { to: "https://alice@b.test/" }),
    hop({}, { status: 303 }),
    hop({}, { status: 307 }),
  ];
  for (const each of refused) {
    assertEquals(metaOf(maxAge(60), [each]), undefined);
    assertEquals(metaOf(maxAge(60), [hop(maxAge(60)), each]), undefined);
  }
  assertEquals(metaOf(maxAge(60), [hop(maxAge(60))], {}, { "cache-control": "no-store" }), undefined);
});

test("throughRedirects() keeps the target of each redirect, and its directives", () => {
  const meta = metaOf(maxAge(60), [hop(maxAge(60, ", must-revalidate")), hop({}, { to: C, status: 308 })])!;
  assertEquals([meta.key, meta.url, meta.status], ["key", B, 200]);
  assertEquals(meta.via, [
    { to: B, generation: "", cacheControl: "max-age=60, must-revalidate" },
    { to: "https://c.test/c", generation: "", cacheControl: null },
  ]);
});

test("throughRedirects() keeps an answer while it is fresh or may be served stale, whatever its validators", () => {
  const removeAt = (...parts: Parameters<typeof metaOf>) => metaOf(...parts)!.removeAt! - NOW;
  assertEquals(removeAt({ ...maxAge(60), etag: '"1"' }, [hop(maxAge(60))]), 49_000 + 30 * DAY_MS);
  assertEquals(removeAt({ ...maxAge(0), etag: '"1"' }, [hop(maxAge(60))]), 0);
  const both = maxAge(60, ", stale-if-error=9999999");
  assertEquals(removeAt(both, [hop(both)]), 49_000 + 9_999_999_000);
  assertEquals(removeAt(both, [hop(maxAge(60))]), 49_000 + 30 * DAY_MS);
  assertEquals(removeAt(maxAge(0), [hop(maxAge(60))], { staleIfErrorMs: 5_000 }), 30 * DAY_MS);
  assertEquals(removeAt(maxAge(0), [hop(maxAge(60, ", stale-if-error=0"))], { staleIfErrorMs: 5_000 }), 0);
});

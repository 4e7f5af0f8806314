import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { CacheEntry, CacheMeta } from "../../src/cache/cache.ts";
import { isUsable, toReply } from "../../src/http_cache/cached_reply.ts";
import { entryOf } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";
const KEY = "v1\nGET\nhttps://a.test/x\n\n";

function textEntry(given: Partial<CacheMeta> = {}, body = "0123456789"): CacheEntry {
  const meta: Partial<CacheMeta> = { key: KEY, url: URL_A, headers: [["content-type", "text/plain"]] };
  return entryOf(body, { ...meta, requestedAt: 1_000, storedAt: 1_000, ...given });
}

test("isUsable() accepts an entry of the key that can be served, and nothing else", () => {
  assert(isUsable(textEntry(), KEY));
  assert(isUsable(textEntry({ headers: [], status: 404 }, ""), KEY));
  assert(isUsable(textEntry({ requestedAt: -1, storedAt: 0.5, freshForMs: 0, removeAt: 1e300 }), KEY));
  const wrong: unknown[] = [
    undefined,
    null,
    "entry",
    {},
    { ...textEntry(), body: "text" },
    { ...textEntry(), body: [1, 2] },
    { ...textEntry(), meta: null },
    { ...textEntry(), meta: "meta" },
    textEntry({ key: "another" }),
    textEntry({ v: 2 as 1 }),
    ...[null, {}, "", 5, [null], [5], [{}], [{ to: 1, generation: "", cacheControl: null }], [{
      to: URL_A,
      generation: "",
    }]].map((via) => textEntry({ via: via as unknown as CacheMeta["via"] })),
    ...[null, 5, {}].map((statusText) => textEntry({ statusText: statusText as unknown as string })),
    ...[199, 600, 200.5, NaN, "200"].map((status) => textEntry({ status: status as number })),
    ...[undefined, null, {}, "", 5, [["bad name", "x"]], [["x", "a\nb"]], [["alone"]], [5]].map((headers) =>
      textEntry({ headers: headers as unknown as CacheMeta["headers"] })
    ),
    ...[[["cache-control", 5]], [["x"], ["y"]], [null], [["a", "b", "c"]]].map((headers) =>
      textEntry({ headers: headers as unknown as CacheMeta["headers"] })
    ),
    ...[[null], [["a"]], [[1, 2]], [["a", 5]], ["ab"]].map((vary) =>
      textEntry({ vary: vary as unknown as CacheMeta["vary"] })
    ),
    ...[undefined, null, {}, ""].map((vary) => textEntry({ vary: vary as unknown as CacheMeta["vary"] })),
    ...[undefined, null, 5, 5n, "", "x", "/x", [URL_A], {}].map((url) => textEntry({ url: url as string })),
    ...["requestedAt", "storedAt", "initialAge", "freshForMs", "removeAt"].flatMap((name) =>
      [undefined, NaN, Infinity, -Infinity, "1000", 5n, true, [], {}].map((ms) => textEntry({ [name]: ms }))
    ),
    ...["requestedAt", "storedAt", "initialAge"].map((name) => textEntry({ [name]: null })),
    textEntry({ initialAge: -1 }),
  ];
  for (const [index, entry] of wrong.entries()) {
    let usable = false;
    try {
      usable = isUsable(entry as CacheEntry, KEY);
    } catch {
      // As good as false.
    }
    assertEquals(usable, false, `${index}`);
  }
});

test("isUsable() throws for bytes that were transferred to another thread, and returns false for other values", () => {
  const entry = textEntry();
  assert(isUsable(entry, KEY));
  structuredClone(entry.body, { transfer: [entry.body.buffer] });
  assertThrows(() => isUsable(entry, KEY), TypeError);
  assert(isUsable({ ...entry, body: new Uint8Array(0) }, KEY));
});

test("toReply() returns the stored response, marked as shared, with headers of its own", () => {
  const entry = textEntry();
  const options = { from: "stale" as const, headers: [["a", "1"], ["a", "2"]] as [string, string][] };
  const reply = toReply(entry, options)!;
  assertEquals([reply.status, reply.url, reply.from, reply.shared], [200, URL_A, "stale", true]);
  assertEquals(reply.headers.get("a"), "1, 2");
  assertStrictEquals(reply.body, entry.body);
  reply.headers.set("a", "changed");
  assertEquals(reply.headers.get("a"), "changed");
  assertEquals(toReply(entry, options)!.headers.get("a"), "1, 2");
});

test("toReply() cuts out the part that a Range asks for, and returns nothing for a part that is not there", () => {
  const headers: [string, string][] = [["content-length", "10"]];
  const part = toReply(textEntry(), { from: "cache", headers, range: "bytes=2-4" })!;
  assertEquals([part.status, new TextDecoder().decode(part.body as Uint8Array)], [206, "234"]);
  assertEquals([part.headers.get("content-range"), part.headers.get("content-length")], [
    "bytes 2-4/10",
    "3",
  ]);
  for (const range of ["bytes=10-", "bytes=1-2,4-5", "lines=1-2", "bytes=4-2"]) {
    assertEquals(toReply(textEntry(), { from: "cache", headers, range }), undefined, range);
  }
  assertEquals(
    toReply(textEntry({ status: 404 }), { from: "cache", headers, range: "bytes=0-1" }),
    undefined,
  );
});

test("toReply() says whether redirects led to an entry, also for a part", () => {
  const via = [{ to: URL_A, generation: "1", cacheControl: "max-age=60" }];
  assert(isUsable(textEntry({ via }), KEY));
  for (const range of [undefined, "bytes=0-1"]) {
    const heads = [{}, { via }].map((meta) =>
      toReply(textEntry(meta), { from: "cache", headers: [], range })!.head
    );
    assertEquals(heads.map(({ redirected }) => redirected), [false, true]);
  }
});

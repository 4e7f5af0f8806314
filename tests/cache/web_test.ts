import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { sha256 } from "../../src/cache/sha256.ts";
import { webCache, type WebCacheOptions, type WebCacheStorage } from "../../src/cache/web.ts";
import { entryOf, randomBytes, textOf } from "../support/cache_entries.ts";
import { runtime, test } from "../support/test.ts";

const KEY = sha256("a");
const URL_OF_KEY = `https://slipstream.invalid/1/${KEY}`;

/** A standard `caches` object that keeps its responses in memory. */
class MemoryCaches implements WebCacheStorage {
  /** Called before each operation, which throws its error. */
  beforeOperation: (operation: string) => void | Promise<void> = () => {};
  readonly responses = new Map<string, Response>();

  async open(name: string) {
    await this.beforeOperation("open");
    const at = (url: string) => `${name} ${url}`;
    return {
      match: async (url: string) => {
        await this.beforeOperation("match");
        return this.responses.get(at(url))?.clone();
      },
      put: async (url: string, response: Response) => {
        await this.beforeOperation("put");
        const body = await response.arrayBuffer();
        this.responses.set(at(url), new Response(body, { headers: response.headers }));
      },
      delete: async (url: string) => {
        await this.beforeOperation("delete");
        return this.responses.delete(at(url));
      },
      keys: () => {
        const own = [...this.responses.keys()].filter((key) => key.startsWith(`${name} `));
        return Promise.resolve(own.map((key) => ({ url: key.slice(name.length + 1) })));
      },
    };
  }

  delete(name: string): Promise<boolean> {
    const own = [...this.responses.keys()].filter((key) => key.startsWith(`${name} `));
    for (const key of own) this.responses.delete(key);
    return Promise.resolve(own.length > 0);
  }
}

/** The runtime's own caches, if it has them, and those in memory. */
const storages = new Map<string, () => WebCacheStorage>([["MemoryCaches", () => new MemoryCaches()]]);
if (runtime === "deno") storages.set("caches", () => caches);

function eachStorage(name: string, body: (storage: WebCacheStorage, name: string) => Promise<void>): void {
  for (const [storage, open] of storages) {
    test(`${name} (${storage})`, async () => {
      const opened = open();
      const cacheName = `slipstream-test-${crypto.randomUUID()}`;
      try {
        await body(opened, cacheName);
      } finally {
        await opened.delete(cacheName);
      }
    });
  }
}

eachStorage("webCache() gives back what was stored, and nothing under other keys", async (caches, name) => {
  const cache = webCache(name, { caches });
  for (const size of [0, 1, 100_000, 4_000_000]) {
    const entry = entryOf(randomBytes(size), { headers: [["x-漢字", "\ud800"]], vary: [["a", null]] });
    assertEquals([await cache.set(KEY, entry), await cache.get(KEY)], [true, entry]);
  }
  assertEquals(await cache.get(sha256("b")), undefined);
  assertEquals(await webCache(`${name}-other`, { caches }).get(KEY), undefined);
  await caches.delete(`${name}-other`);
  assertEquals([cache.name, cache.maxEntryBytes], ["web", 4 * 1024 * 1024]);
});

eachStorage("webCache() takes any key", async (caches, name) => {
  const cache = webCache(name, { caches });
  const keys = ["", "../../etc/x", "\0", "?a#b", "é", "e\u0301", "\ud83d", "\ufffd", "k".repeat(8_000), KEY];
  for (const key of keys) assertEquals(await cache.set(key, entryOf(JSON.stringify(key))), true);
  for (const key of keys) assertEquals(textOf(await cache.get(key)), JSON.stringify(key));
});

eachStorage("webCache() keeps an entry as it was when it was stored", async (caches, name) => {
  const cache = webCache(name, { caches });
  const buffer = new Uint8Array(1_000);
  const stored = cache.set(KEY, entryOf(buffer.subarray(10, 20)));
  buffer.fill(9);
  await stored;
  const body = (await cache.get(KEY))?.body;
  assertEquals([body, body?.buffer.byteLength], [new Uint8Array(10), 10]);
  body!.fill(7);
  assertEquals((await cache.get(KEY))?.body, new Uint8Array(10));
});

eachStorage("webCache() gives nothing that is past its removeAt", async (caches, name) => {
  let now = 1_000_000;
  const cache = webCache(name, { caches, now: () => now });
  await cache.set(KEY, entryOf("a", { removeAt: 1_000_100 }));
  now = 1_000_099;
  assertEquals(textOf(await cache.get(KEY)), "a");
  now = 1_000_100;
  assertEquals(await cache.get(KEY), undefined);
});

eachStorage("webCache() misses what it has not written, and removes it", async (caches, name) => {
  const cache = webCache(name, { caches });
  await cache.set(KEY, entryOf("a"));
  const opened = await caches.open(name);
  const good = new Uint8Array(await (await opened.match(URL_OF_KEY))!.arrayBuffer());
  const wrong = [new Uint8Array(0), randomBytes(100), good.slice(0, -1), new Uint8Array([...good, 0])];
  for (const bytes of [...wrong, good.with(3, 0), good.with(7, 1), good.with(20, 0)]) {
    await opened.put(URL_OF_KEY, new Response(bytes));
    assertEquals([await cache.get(KEY), await opened.match(URL_OF_KEY)], [undefined, undefined]);
  }
  await opened.put(URL_OF_KEY, new Response(good));
  assertEquals(textOf(await cache.get(KEY)), "a");
});

eachStorage("webCache() refuses what is too large, and reads nothing that is", async (caches, name) => {
  const cache = webCache(name, { caches, maxEntryBytes: 1_000 });
  await cache.set(KEY, entryOf("old"));
  assertEquals([await cache.set(KEY, entryOf(new Uint8Array(1_000))), textOf(await cache.get(KEY))], [
    false,
    "old",
  ]);
  assertEquals(await webCache(name, { caches }).set(KEY, entryOf(new Uint8Array(1_000))), true);
  assertEquals(await cache.get(KEY), undefined);
  const entry = entryOf("as large as it may be");
  const maxEntryBytes = new TextEncoder().encode(JSON.stringify(entry.meta)).length + entry.body.length;
  const exact = webCache(name, { caches, maxEntryBytes });
  assertEquals([await exact.set(KEY, entry), await exact.get(KEY)], [true, entry]);
});

eachStorage(
  "webCache().delete() and clear() remove, also what another one has opened",
  async (caches, name) => {
    const [cache, other] = [webCache(name, { caches }), webCache(name, { caches })];
    for (const key of ["a", "b", "c"]) await cache.set(key, entryOf(key));
    assertEquals([await cache.delete("a"), await cache.delete("a"), await cache.get("a")], [
      true,
      false,
      undefined,
    ]);
    await other.clear?.();
    assertEquals([await cache.get("b"), await cache.set("c", entryOf("new"))], [undefined, true]);
    assertEquals(textOf(await other.get("c")), "new");
  },
);

eachStorage("webCache().sweep() removes what has expired or is corrupt", async (caches, name) => {
  let now = 1_000_000;
  const cache = webCache(name, { caches, now: () => now });
  await cache.set("old", entryOf(new Uint8Array(5_000), { removeAt: 1_000_100 }));
  await cache.set("good", entryOf("good", { removeAt: 1_000_101 }));
  const opened = await caches.open(name);
  await opened.put(URL_OF_KEY, new Response("foreign"));
  await opened.put("https://a.test/", new Response("not ours"));
  now = 1_000_100;
  const { removed = 0, freedBytes = 0 } = await cache.sweep?.() ?? {};
  assert(removed === 2 && freedBytes > 5_000 && freedBytes < 6_000, `${removed} with ${freedBytes} bytes`);
  assertEquals([textOf(await cache.get("good")), await (await opened.match("https://a.test/"))?.text()], [
    "good",
    "not ours",
  ]);
});

for (const [look, left] of [["get", "foreign"], ["sweep", "foreign"], ["sweep", "expired"]] as const) {
  test(`webCache().${look}() removes nothing that is written while it removes an entry that is ${left}`, async () => {
    const caches = new MemoryCaches();
    const cache = webCache("a", { caches, now: () => 1_000_000 });
    if (left === "expired") await cache.set(KEY, entryOf("old", { removeAt: 1_000_000 }));
    else await (await caches.open("a")).put(URL_OF_KEY, new Response(left));
    const writes: unknown[] = [];
    caches.beforeOperation = async (operation) => {
      if (operation !== "delete") return;
      writes.push(cache.set(KEY, entryOf("new")));
      for (let turn = 0; turn < 50; turn++) await undefined;
    };
    await cache[look]?.(KEY);
    assertEquals(await Promise.all(writes), [true]);
    assertEquals(textOf(await cache.get(KEY)), "new");
  });
}

test("webCache().sweep() removes nothing in a runtime that can't list the keys", async () => {
  const memory = new MemoryCaches();
  const open = async (name: string) => ({ ...await memory.open(name), keys: undefined });
  const caches = { open, delete: () => Promise.resolve(true) } as unknown as WebCacheStorage;
  assertEquals(await webCache("a", { caches }).sweep?.(), { removed: 0, freedBytes: 0 });
});

test("webCache() tells platforms that heed Cache-Control how long to keep an entry", async () => {
  const caches = new MemoryCaches();
  const cache = webCache("a", { caches, now: () => 1_000_000 });
  const expected = [[1_060_000, 60], [1_000_001, 1], [1_000_000, 0], [5, 0], [null, 31_536_000], [
    9e15,
    31_536_000,
  ]];
  for (const [removeAt, maxAge] of expected) {
    await cache.set(KEY, entryOf("a", { removeAt: removeAt! }));
    const { headers } = caches.responses.get(`a ${URL_OF_KEY}`)!;
    assertEquals(headers.get("cache-control"), `max-age=${maxAge}`);
    const { byteLength } = await caches.responses.get(`a ${URL_OF_KEY}`)!.arrayBuffer();
    assertEquals(headers.get("content-length"), `${byteLength}`);
  }
});

test("webCache() writes one key in the order of the calls", async () => {
  const caches = new MemoryCaches();
  const cache = webCache("a", { caches });
  const slow = Promise.withResolvers<void>();
  let puts = 0;
  caches.beforeOperation = (operation) => operation === "put" && ++puts === 1 ? slow.promise : undefined;
  const writes = [cache.set(KEY, entryOf("first")), cache.set(KEY, entryOf("second"))];
  await cache.set("b", entryOf("b"));
  slow.resolve();
  await Promise.all(writes);
  assertEquals(textOf(await cache.get(KEY)), "second");
});

test("webCache().clear() also removes what is being written when it is called", async () => {
  const caches = new MemoryCaches();
  const cache = webCache("a", { caches });
  const slow = Promise.withResolvers<void>();
  caches.beforeOperation = (operation) => operation === "put" ? slow.promise : undefined;
  const work = [cache.set(KEY, entryOf("a")), cache.clear?.()];
  slow.resolve();
  await Promise.all(work);
  assertEquals(await cache.get(KEY), undefined);
});

test("webCache() throws the errors of the platform, except while it removes a corrupt entry", async () => {
  const caches = new MemoryCaches();
  const cache = webCache("a", { caches });
  let failing = "";
  caches.beforeOperation = (operation) => {
    if (operation === failing) throw new DOMException("no room", "QuotaExceededError");
  };
  for (failing of ["open", "put"]) {
    await assertRejects(async () => await cache.set(KEY, entryOf("a")), DOMException, "no room");
  }
  for (failing of ["open", "match"]) {
    await assertRejects(async () => await cache.get(KEY), DOMException, "no room");
  }
  for (failing of ["open", "delete"]) {
    await assertRejects(async () => await cache.delete(KEY), DOMException, "no room");
  }
  await (await caches.open("a")).put(URL_OF_KEY, new Response("foreign"));
  assertEquals(await cache.get(KEY), undefined);
  failing = "";
  assertEquals(await cache.set(KEY, entryOf("a")), true);
});

test("webCache() refuses bad names and options", () => {
  const caches = new MemoryCaches();
  const refuse = (
    name: unknown,
    options: unknown,
    error: typeof TypeError | typeof RangeError,
    message: string,
  ) =>
    assertThrows(
      () => webCache(name as string, options as WebCacheOptions),
      error,
      `Cannot create web cache as ${message}`,
    );
  for (const name of ["", 5, null]) {
    refuse(name, { caches }, TypeError, "'name' must be a non-empty string: received");
  }
  for (const maxEntryBytes of [0, 1.5, NaN]) {
    refuse(
      "a",
      { caches, maxEntryBytes },
      RangeError,
      "'maxEntryBytes' must be a positive integer: received",
    );
  }
  refuse("a", null, TypeError, "the options must be an object: received null");
  refuse("a", { caches, maxBytes: 5 }, TypeError, "'maxBytes' is not an option");
  refuse("a", "x", TypeError, "the options must be an object: received a string");
  refuse("a", { caches, now: 5 }, TypeError, "'now' must be a function: received 5");
  for (const wrong of [null, {}, { open: () => {} }]) {
    refuse("a", { caches: wrong }, TypeError, "'caches' must be a CacheStorage");
  }
});

test("webCache() says at once that a runtime has no caches", () => {
  if (runtime === "deno") return void webCache("slipstream-test-never-opened");
  const message = "'caches' must be a CacheStorage, which not every runtime has: received undefined";
  assertThrows(() => webCache("a"), TypeError, message);
});

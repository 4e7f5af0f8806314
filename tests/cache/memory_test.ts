import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { KeptValues, keptValuesOf } from "../../src/cache/kept_values.ts";
import { memoryCache, type MemoryCacheOptions } from "../../src/cache/memory.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { entryOf } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";

/** A generous bound for an entry's metadata. */
const META_BYTES = 400;

function setUp(options: MemoryCacheOptions = {}) {
  const cache = memoryCache(options);
  const get = (key: string) => cache.get(key) as CacheEntry | undefined;
  return { cache, get, keysOf: (...keys: string[]) => keys.filter((key) => get(key) !== undefined) };
}

test("memoryCache() returns stored entries, and nothing under other keys", () => {
  const { cache, get } = setUp();
  const entry = entryOf(3, { headers: [["content-type", "a/b"]] });
  assertEquals([cache.set("a", entry), get("a"), get("b")], [true, entry, undefined]);
  assertEquals([cache.name, cache.maxEntryBytes], ["memory", 4 * 1024 * 1024]);
});

test("memoryCache() keeps the bytes as they were at set()", () => {
  const { cache, get } = setUp();
  for (const body of [new Uint8Array(3), Buffer.alloc(3)]) {
    cache.set("a", { ...entryOf(0), body });
    body.fill(9);
    assertEquals(get("a")?.body, new Uint8Array(3));
  }
});

test("memoryCache() keeps no more than the body's own bytes of a larger buffer", () => {
  const { cache, get } = setUp();
  const body = new Uint8Array(1_000_000).subarray(10, 20);
  cache.set("a", { ...entryOf(0), body });
  assertEquals([get("a")?.body.length, get("a")?.body.buffer.byteLength], [10, 10]);
});

test("memoryCache() never holds more bytes than maxBytes, whatever is stored and removed", () => {
  const random = seededRandom(21);
  const maxBytes = 20_000;
  const { cache, get } = setUp({ maxBytes, maxEntryBytes: 6_000, maxEntries: 30 });
  const keys = Array.from({ length: 60 }, (_, index) => `${index}`);
  for (let step = 0; step < 3_000; step++) {
    const key = keys[Math.floor(random() * keys.length)]!;
    const size = Math.floor(random() * 7_000);
    if (random() < 0.1) cache.delete(key);
    else assertEquals(cache.set(key, entryOf(size)) !== false || size > 6_000 - META_BYTES, true);
    const held = keys.map(get).filter((entry) => entry !== undefined);
    const bytes = held.reduce((sum, { body }) => sum + body.length, 0);
    assert(bytes <= maxBytes, `${bytes} bytes after step ${step}`);
    assert(held.length <= 30, `${held.length} entries after step ${step}`);
  }
  // No more bytes were counted than there are: as much fits as into a new cache.
  for (const key of keys) cache.delete(key);
  assertEquals(
    capacityOf(cache),
    capacityOf(memoryCache({ maxBytes, maxEntryBytes: 6_000, maxEntries: 30 })),
  );
});

/** Returns how many entries of a kilobyte fit. */
function capacityOf(cache: ReturnType<typeof memoryCache>): number {
  const keys = Array.from({ length: 100 }, (_, index) => `new ${index}`);
  for (const key of keys) cache.set(key, entryOf(1_000));
  return keys.filter((key) => cache.get(key) !== undefined).length;
}

test("memoryCache() uses its room: an entry of a kilobyte takes a little more than a kilobyte", () => {
  const count = capacityOf(memoryCache({ maxBytes: 20_000 }));
  assert(count >= 20_000 / (1_000 + META_BYTES) - 1 && count < 20, `${count}`);
});

test("memoryCache() counts the metadata", () => {
  const { cache } = setUp({ maxBytes: 5_000 });
  assertEquals(cache.set("a", entryOf(0, { headers: [["x", "y".repeat(5_000)]] })), false);
  assertEquals(cache.set("b", entryOf(0, { url: `https://a.test/${"y".repeat(5_000)}` })), false);
  assertEquals(cache.set("c", entryOf(0, { vary: [["x", "y".repeat(5_000)]] })), false);
  assertEquals(cache.set("d", entryOf(0, { vary: [["x".repeat(5_000), null]] })), false);
  const redirect = { to: "https://a.test/", generation: "", cacheControl: null };
  assertEquals(
    cache.set("f", entryOf(0, { via: [{ ...redirect, to: `https://a.test/${"y".repeat(5_000)}` }] })),
    false,
  );
  assertEquals(
    cache.set("f", entryOf(0, { via: [{ ...redirect, cacheControl: "y".repeat(5_000) }] })),
    false,
  );
  assertEquals(cache.set("f", entryOf(0, { via: Array(50).fill(redirect) })), false);
  assertEquals(cache.set("e", entryOf(0, { vary: [["x", null]] })), true);
});

test("memoryCache() counts an overwritten entry once", () => {
  const { cache, keysOf } = setUp({ maxBytes: 5_000 });
  cache.set("other", entryOf(1_000));
  for (let count = 0; count < 20; count++) assertEquals(cache.set("a", entryOf(1_000)), true);
  assertEquals(keysOf("other", "a"), ["other", "a"]);
});

test("memoryCache() refuses an entry that is too large, and keeps the others", () => {
  const { cache, get, keysOf } = setUp({ maxBytes: 10_000, maxEntryBytes: 2_000 });
  for (const key of ["a", "b", "c"]) cache.set(key, entryOf(1_000));
  assertEquals(cache.set("d", entryOf(2_001)), false);
  assertEquals(cache.set("a", entryOf(50_000)), false);
  assertEquals([keysOf("a", "b", "c", "d"), get("a")?.body.length], [["a", "b", "c"], 1_000]);
});

test("memoryCache() accepts no entry larger than maxBytes", () => {
  const { cache, keysOf } = setUp({ maxBytes: 1_000 });
  assertEquals([cache.maxEntryBytes, cache.set("a", entryOf(1_001)), keysOf("a")], [1_000, false, []]);
  assertEquals(cache.set("a", entryOf(100)), true);
});

test("memoryCache() evicts the entry that was not used for longest, by entries and by bytes", () => {
  for (const options of [{ maxEntries: 3 }, { maxBytes: 3 * (1_000 + META_BYTES) }]) {
    const { cache, keysOf, get } = setUp(options);
    for (const key of ["a", "b", "c"]) cache.set(key, entryOf(1_000));
    get("a");
    cache.set("b", entryOf(1_000));
    cache.set("d", entryOf(1_000));
    assertEquals(keysOf("a", "b", "c", "d"), ["a", "b", "d"]);
  }
});

test("memoryCache() evicts as many entries as a large one needs", () => {
  const { cache, keysOf } = setUp({ maxBytes: 4 * (1_000 + META_BYTES) });
  for (const key of ["a", "b", "c", "d"]) cache.set(key, entryOf(1_000));
  assertEquals(cache.set("large", entryOf(3_000)), true);
  assertEquals(keysOf("a", "b", "c", "large"), ["large"]);
});

test("memoryCache() returns no entry past its removeAt, and frees its bytes", () => {
  let now = 0;
  const { cache, get, keysOf } = setUp({ now: () => now, maxBytes: 3 * (1_000 + META_BYTES) });
  cache.set("old", entryOf(1_000));
  cache.set("a", entryOf(2_000, { removeAt: 100 }));
  now = 99;
  assertEquals(get("a")?.body.length, 2_000);
  now = 101;
  assertEquals(get("a"), undefined);
  now = 0;
  assertEquals(get("a"), undefined);
  cache.set("b", entryOf(2_000));
  assertEquals(keysOf("old", "b"), ["old", "b"]);
});

test("memoryCache().delete() says whether there was an entry, and frees its bytes", () => {
  const { cache, keysOf } = setUp({ maxBytes: 3 * (1_000 + META_BYTES) });
  cache.set("a", entryOf(1_000));
  cache.set("b", entryOf(2_000));
  assertEquals([cache.delete("b"), cache.delete("b"), cache.delete("c")], [true, false, false]);
  cache.set("c", entryOf(2_000));
  assertEquals(keysOf("a", "b", "c"), ["a", "c"]);
});

test("memoryCache().clear() removes everything, and frees all bytes", () => {
  const { cache, keysOf } = setUp({ maxBytes: 20_000 });
  const before = capacityOf(cache);
  for (let count = 0; count < 3; count++) {
    cache.clear?.();
    assertEquals(keysOf("new 98", "new 99"), []);
    assertEquals(capacityOf(cache), before);
  }
});

test("memoryCache() refuses bad bounds", () => {
  for (const name of ["maxBytes", "maxEntryBytes", "maxEntries"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      const message = `Cannot create memory cache as '${name}' must be a positive integer: received ${value}`;
      assertThrows(() => memoryCache({ [name]: value }), RangeError, message);
    }
    for (const value of ["5", null, {}]) {
      assertThrows(
        () => memoryCache({ [name]: value } as MemoryCacheOptions),
        TypeError,
        `'${name}' must be`,
      );
    }
    assert(memoryCache({ [name]: undefined }).maxEntryBytes > 0);
  }
});

test("memoryCache() refuses a value that is no options object, and a bad 'now'", () => {
  for (const options of [null, "x", 5]) {
    const error = assertThrows(() => memoryCache(options as unknown as MemoryCacheOptions), TypeError);
    assertMatch(
      error.message,
      /^Cannot create memory cache as the options must be an object: received (null|a string|5)$/,
    );
  }
  for (const [name, hint] of [["maxSize", ""], ["maxByte", ": did you mean 'maxBytes'?"], ["ttlMs", ""]]) {
    const error = assertThrows(() => memoryCache({ [name!]: 5 } as unknown as MemoryCacheOptions), TypeError);
    assertEquals(error.message, `Cannot create memory cache as '${name}' is not an option${hint}`);
  }
  const message = "Cannot create memory cache as 'now' must be a function: received 5";
  assertThrows(() => memoryCache({ now: 5 } as unknown as MemoryCacheOptions), TypeError, message);
  assert(memoryCache(undefined).maxEntryBytes > 0);
});

test("memoryCache() keeps values only if told to, and says so", () => {
  for (const [keep, has] of [[undefined, false], ["bytes", false], ["parsed", true]] as const) {
    const { cache, get } = setUp({ keep });
    cache.set("a", { ...entryOf(3), decoded: new KeptValues() });
    assertEquals([cache.keep, get("a")?.decoded !== undefined], [keep ?? "bytes", has]);
  }
});

test("memoryCache() refuses another value of 'keep'", () => {
  for (const keep of ["json", "", null, true, 1]) {
    const error = assertThrows(() => memoryCache({ keep: keep as "parsed" }), TypeError);
    assertMatch(String(error), /Cannot create memory cache as 'keep' must be 'bytes' or 'parsed': received/);
  }
});

test("memoryCache() counts values in maxBytes, and evicts for them", () => {
  const { cache, get, keysOf } = setUp({ maxBytes: 4_000, keep: "parsed" });
  cache.set("a", entryOf(1_000));
  cache.set("b", entryOf(1_000));
  assertEquals(keysOf("a", "b"), ["a", "b"]);
  const values = keptValuesOf(get("b")!.decoded)!;
  values.keep(undefined, Array.from({ length: 200 }, () => 0.5));
  assertEquals(keysOf("a", "b"), ["b"]);
  assertEquals(values.find(undefined)?.give(), Array.from({ length: 200 }, () => 0.5));
  // The room of the value is free again.
  cache.delete("b");
  for (const key of ["c", "d", "e"]) cache.set(key, entryOf(900));
  assertEquals([keysOf("c", "d", "e"), values.isHeld], [["c", "d", "e"], false]);
});

test("memoryCache() has room for the latest values of an entry, however many it has dropped before", () => {
  const { cache, get } = setUp({ maxBytes: 4_000, keep: "parsed" });
  cache.set("a", entryOf(1_000));
  const values = keptValuesOf(get("a")!.decoded)!;
  for (let nth = 0; nth < 20; nth++) {
    const schema = {};
    values.keep(schema, Array.from({ length: 50 }, () => nth));
    assertEquals(values.find(schema)?.give(), Array.from({ length: 50 }, () => nth));
  }
});

test("memoryCache() keeps no value that would make its entry larger than maxBytes, and evicts nothing for it", () => {
  const { cache, get, keysOf } = setUp({ maxBytes: 4_000, keep: "parsed" });
  cache.set("a", entryOf(1_000));
  cache.set("b", entryOf(1_000));
  const values = keptValuesOf(get("b")!.decoded)!;
  values.keep(undefined, Array.from({ length: 500 }, () => 0.5));
  assertEquals([values.find(undefined), values.bytes, keysOf("a", "b")], [undefined, 0, ["a", "b"]]);
});

test("memoryCache() takes over the values of an entry that replaces its own, and not those of another cache", () => {
  const { cache, get } = setUp({ keep: "parsed" });
  const other = setUp({ keep: "parsed" });
  cache.set("a", entryOf(3));
  const { meta, body, decoded } = get("a")!;
  keptValuesOf(decoded)!.keep(undefined, 7);
  other.cache.set("a", { meta, body, decoded });
  assertEquals(keptValuesOf(other.get("a")!.decoded)!.find(undefined), undefined);
  cache.set("a", { meta, body, decoded });
  assertEquals(keptValuesOf(get("a")!.decoded)!.find(undefined)?.give(), 7);
  cache.set("a", { meta, body });
  assertEquals(keptValuesOf(get("a")!.decoded)!.find(undefined), undefined);
});

test("memoryCache() never holds more than maxBytes with values, and counts nothing twice", () => {
  const random = seededRandom(8);
  const maxBytes = 20_000;
  const { cache, get } = setUp({ maxBytes, maxEntries: 10, keep: "parsed" });
  const keys = Array.from({ length: 20 }, (_, index) => `${index}`);
  for (let step = 0; step < 2_000; step++) {
    const key = keys[Math.floor(random() * keys.length)]!;
    const found = get(key);
    if (random() < 0.1) cache.delete(key);
    else if (random() < 0.01) cache.clear?.();
    else if (random() < 0.4 && found !== undefined) {
      const value = Array.from({ length: random() * 1_000 }, () => random());
      keptValuesOf(found.decoded)!.keep(random() < 0.5 ? undefined : {}, value);
    } else cache.set(key, random() < 0.3 && found !== undefined ? found : entryOf(random() * 3_000));
    const held = keys.map(get).filter((entry) => entry !== undefined);
    const bytes = held.reduce((sum, { body, decoded }) => sum + body.length + decoded!.bytes, 0);
    assert(bytes <= maxBytes, `${bytes} bytes after step ${step}`);
  }
  // If anything were still counted, this entry would not fit.
  for (const key of keys) cache.delete(key);
  assertEquals([cache.set("a", entryOf(maxBytes - META_BYTES)), get("a") !== undefined], [true, true]);
});

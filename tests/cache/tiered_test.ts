import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { CacheAdapter, CacheCallOptions, CacheEntry, CacheFault } from "../../src/cache/cache.ts";
import { kvCache } from "../../src/cache/kv.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { mapTiers, tieredCache } from "../../src/cache/tiered.ts";
import { entryOf, randomBytes, textOf } from "../support/cache_entries.ts";
import { MemoryKv } from "../support/memory_kv.ts";
import { test } from "../support/test.ts";

/** A tier in memory that answers later, fails or is held up, as a test says. */
class TestTier implements CacheAdapter {
  readonly name: string;
  maxEntryBytes = 1_000_000;
  /** The operations that were begun, in order. */
  readonly log: string[] = [];
  /** The operations that fail. */
  failing: readonly string[] = [];
  /** Called before an operation does anything, and waited for. */
  before: (operation: string) => void | Promise<void> = () => {};
  readonly entries: CacheAdapter = memoryCache();

  constructor(name: string) {
    this.name = name;
  }

  get(key: string, options?: CacheCallOptions): Promise<CacheEntry | undefined> {
    return this.#run("get", () => options?.signal?.aborted === true ? undefined : this.entries.get(key));
  }

  set(key: string, entry: CacheEntry): Promise<boolean> {
    return this.#run("set", () => entry.body.length <= this.maxEntryBytes && this.entries.set(key, entry));
  }

  delete(key: string): Promise<boolean> {
    return this.#run("delete", () => this.entries.delete(key));
  }

  clear(): Promise<void> {
    return this.#run("clear", () => this.entries.clear?.());
  }

  async #run<T>(operation: string, run: () => T | Promise<T>): Promise<T> {
    this.log.push(operation);
    await this.before(operation);
    if (this.failing.includes(operation)) throw new Error(`${this.name} can't ${operation}`);
    return await run();
  }
}

/** Three tiers as one cache: memory, and two slow ones. */
function setUp() {
  const [memory, near, far] = [memoryCache(), new TestTier("near"), new TestTier("far")];
  const work: Promise<void>[] = [];
  const faults: CacheFault[] = [];
  const options = {
    onFault: (fault: CacheFault) => void faults.push(fault),
    waitUntil: (promise: Promise<void>) => void work.push(promise),
  };
  const told = () => faults.splice(0).map(({ adapter, operation }) => `${adapter} ${operation}`);
  const texts = async (key: string) => {
    const entries = [memory.get(key), near.entries.get(key), far.entries.get(key)];
    return (await Promise.all(entries)).map(textOf);
  };
  return { memory, near, far, options, told, texts, work, cache: tieredCache([memory, near, far]) };
}

/** Holds the next read of a tier: it gives the entry that the tier has at its beginning, but only when it is released. */
function holdRead({ entries }: TestTier): { readonly begun: Promise<void>; readonly release: () => void } {
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const read = entries.get.bind(entries);
  entries.get = async (key) => {
    entries.get = read;
    const entry = await read(key);
    begun.resolve();
    await released.promise;
    return entry;
  };
  return { begun: begun.promise, release: released.resolve };
}

test("tieredCache() asks one tier after the other, and none after the first that has the entry", async () => {
  const { cache, memory, near, far } = setUp();
  far.entries.set("far", entryOf("far"));
  near.entries.set("near", entryOf("near"));
  memory.set("memory", entryOf("memory"));
  assertEquals(textOf(await cache.get("memory")), "memory");
  assertEquals([near.log, far.log], [[], []]);
  assertEquals([textOf(await cache.get("near")), far.log], ["near", []]);
  assertEquals([textOf(await cache.get("far")), far.log], ["far", ["get"]]);
  assertEquals(await cache.get("absent"), undefined);
});

test("tieredCache() copies an entry to the tiers before its own, and to no others", async () => {
  const { cache, far, near, texts, work, options } = setUp();
  far.entries.set("a", entryOf("a"));
  near.entries.set("b", entryOf("b"));
  await cache.get("a", options);
  await cache.get("b", options);
  await Promise.all(work);
  assertEquals([await texts("a"), await texts("b")], [["a", "a", "a"], ["b", "b", undefined]]);
});

test("tieredCache() does not wait until a slow tier has its copy, and reports the work in the background", async () => {
  const { cache, near, far, texts, work, options } = setUp();
  const slow = Promise.withResolvers<void>();
  near.before = (operation) => operation === "set" ? slow.promise : undefined;
  far.entries.set("a", entryOf("a"));
  assertEquals(textOf(await cache.get("a", options)), "a");
  assertEquals([await texts("a"), work.length], [["a", undefined, "a"], 1]);
  slow.resolve();
  await Promise.all(work);
  assertEquals(await texts("a"), ["a", "a", "a"]);
});

test("tieredCache() survives a copy that fails, with and without a listener", async () => {
  const { cache, near, far, told, options, work } = setUp();
  near.failing = ["set"];
  far.entries.set("a", entryOf("a"));
  far.entries.set("b", entryOf("b"));
  assertEquals([textOf(await cache.get("a", options)), textOf(await cache.get("b"))], ["a", "b"]);
  await Promise.all(work);
  assertEquals(told(), ["near set"]);
});

test("tieredCache() offers a copy only to tiers that accept its size", async () => {
  const { cache, near, far, options } = setUp();
  near.maxEntryBytes = 5;
  far.entries.set("a", entryOf("123456"));
  await cache.get("a", options);
  assertEquals(near.log, ["get"]);
});

test("tieredCache() treats a tier without maxEntryBytes as unlimited", async () => {
  const entries = memoryCache();
  const boundless = {
    name: "boundless",
    get: (key: string) => entries.get(key),
    set: (key: string, entry: CacheEntry) => entries.set(key, entry),
    delete: (key: string) => entries.delete(key),
  } as unknown as CacheAdapter;
  const { far } = setUp();
  const cache = tieredCache([boundless, far]);
  far.entries.set("a", entryOf("a".padEnd(100_000)));
  assertEquals(textOf(await cache.get("a"))?.length, 100_000);
  assertEquals(textOf(await boundless.get("a"))?.length, 100_000);
  assertEquals([cache.maxEntryBytes ?? Infinity, tieredCache([boundless]).maxEntryBytes ?? Infinity], [
    Infinity,
    Infinity,
  ]);
});

test("tieredCache() is synchronous if the tiers that it asks are", () => {
  const [first, second] = [memoryCache(), memoryCache()];
  const cache = tieredCache([first, second]);
  assertEquals(cache.set("a", entryOf("a")), true);
  first.delete("a");
  assertEquals(textOf(cache.get("a") as CacheEntry), "a");
  assertEquals(textOf(first.get("a") as CacheEntry), "a");
  assertEquals([cache.get("b"), cache.delete("a"), cache.delete("a"), cache.clear?.()], [
    undefined,
    true,
    false,
    undefined,
  ]);
  const slow = tieredCache([memoryCache(), new TestTier("slow")]);
  slow.set("a", entryOf("a"));
  assertEquals(textOf(slow.get("a") as CacheEntry), "a");
});

test("tieredCache() writes to all tiers at once, and succeeds if one accepts", async () => {
  const { cache, near, far, texts, told, options } = setUp();
  const slow = Promise.withResolvers<void>();
  near.before = () => slow.promise;
  const written = cache.set("a", entryOf("a"), options);
  assertEquals([near.log, far.log], [["set"], ["set"]]);
  slow.resolve();
  assertEquals([await written, await texts("a")], [true, ["a", "a", "a"]]);
  near.failing = ["set", "delete"];
  assertEquals([await cache.set("a", entryOf("b"), options), await texts("a")], [true, ["b", "a", "b"]]);
  assertEquals(told(), ["near set", "near delete"]);
});

test("tieredCache() leaves no older entry in a tier that refuses the new one", async () => {
  const { cache, near, texts, options, told } = setUp();
  await cache.set("a", entryOf("old"), options);
  near.failing = ["set"];
  assertEquals([await cache.set("a", entryOf("new"), options), await texts("a")], [true, [
    "new",
    undefined,
    "new",
  ]]);
  near.failing = [];
  await cache.set("a", entryOf("old"), options);
  // An entry that is too large for memory: the old one there would hide it.
  const { texts: smallTexts, ...small } = setUp();
  const tiered = tieredCache([memoryCache({ maxEntryBytes: 1_000 }), small.near]);
  await tiered.set("a", entryOf("old"));
  assertEquals(await tiered.set("a", entryOf("new".padEnd(2_000))), true);
  assertEquals(textOf(await tiered.get("a"))?.trim(), "new");
  assertEquals([told(), await smallTexts("a")], [["near set"], [undefined, "new".padEnd(2_000), undefined]]);
});

test("tieredCache() changes nothing when every tier refuses", async () => {
  const { cache, near, far, memory, texts } = setUp();
  await cache.set("a", entryOf("old"));
  near.maxEntryBytes = far.maxEntryBytes = 10;
  assertEquals(await cache.set("a", entryOf(new Uint8Array(5_000_000))), false);
  assertEquals(await texts("a"), ["old", "old", "old"]);
  assertEquals([cache.name, cache.maxEntryBytes], ["tiered", memory.maxEntryBytes]);
  assertEquals(tieredCache([memoryCache({ maxEntryBytes: 5 }), far]).maxEntryBytes, 10);
});

test("tieredCache() passes over a tier that fails, and reports its name and the operation", async () => {
  const { cache, near, far, told, options, work } = setUp();
  near.failing = ["get", "set", "delete"];
  far.entries.set("a", entryOf("a"));
  assertEquals([textOf(await cache.get("a", options)), await Promise.all(work), told()], [
    "a",
    [undefined],
    ["near get", "near set"],
  ]);
  assertEquals([await cache.get("absent", options), told()], [undefined, ["near get"]]);
  assertEquals([await cache.delete("a", options), told()], [true, ["near delete"]]);
});

test("tieredCache() passes over a tier that returns something that is no entry", async () => {
  const { far, options } = setUp();
  const broken = { name: "broken", maxEntryBytes: 10, set: () => true, delete: () => true };
  far.entries.set("a", entryOf("a"));
  for (const value of [null, "text", {}, { body: "text" }]) {
    const cache = tieredCache([{ ...broken, get: () => value } as unknown as CacheAdapter, far]);
    assertEquals(textOf(await cache.get("a", options)), "a");
  }
});

test("tieredCache() throws when every tier has failed and there is no listener", async () => {
  const { near, far, options, told } = setUp();
  const cache = tieredCache([near, far]);
  const operations = {
    get: (given = {}) => cache.get("a", given),
    set: (given = {}) => cache.set("a", entryOf("a"), given),
    delete: (given = {}) => cache.delete("a", given),
  };
  for (const [name, run] of Object.entries(operations)) {
    near.failing = far.failing = [name];
    const error = await assertRejects(async () => await run(), AggregateError);
    assertEquals(error.errors.map(String), [`Error: near can't ${name}`, `Error: far can't ${name}`]);
    assertEquals(await run(options), name === "get" ? undefined : false);
    assertEquals(told(), [`near ${name}`, `far ${name}`]);
    far.failing = [];
    await run();
  }
  near.failing = ["get"];
  await assertRejects(async () => await tieredCache([near]).get("a"), Error, "near can't get");
});

test("tieredCache() reports the names of tiers within tiers", async () => {
  const { near, far, options, told, work } = setUp();
  const inner = tieredCache([near, far]);
  const cache = tieredCache([memoryCache(), inner]);
  near.failing = ["get", "set", "delete"];
  far.entries.set("a", entryOf("a"));
  assertEquals(textOf(await cache.get("a", options)), "a");
  await Promise.all(work);
  assertEquals(told(), ["near get", "near set"]);
  await cache.delete("a", options);
  assertEquals(told(), ["near delete"]);
});

test("tieredCache() does not copy an entry that was written or deleted during its look", async () => {
  const change = {
    set: ({ cache }: ReturnType<typeof setUp>) => cache.set("a", entryOf("new")),
    delete: ({ cache }: ReturnType<typeof setUp>) => cache.delete("a"),
    clear: ({ cache }: ReturnType<typeof setUp>) => cache.clear?.(),
  };
  for (const [name, run] of Object.entries(change)) {
    const tiers = setUp();
    const { cache, far, texts, options, work } = tiers;
    far.entries.set("a", entryOf("old"));
    const read = holdRead(far);
    const found = cache.get("a", options);
    await read.begun;
    await run(tiers);
    read.release();
    assertEquals(textOf(await found), "old");
    await Promise.all(work);
    const expected = name === "set" ? "new" : undefined;
    assertEquals(await texts("a"), [expected, expected, expected], name);
  }
});

test("tieredCache() does not copy an entry that was written or deleted through another one over the same slowest tier", async () => {
  const change = {
    set: (other: CacheAdapter) => other.set("a", entryOf("new")),
    delete: (other: CacheAdapter) => other.delete("a"),
    clear: (other: CacheAdapter) => other.clear?.(),
  };
  for (const [name, run] of Object.entries(change)) {
    const { near, far, options, work } = setUp();
    for (const other of [tieredCache([near, far]), tieredCache([memoryCache(), far])]) {
      far.entries.set("a", entryOf("old"));
      const read = holdRead(far);
      const found = tieredCache([near, far]).get("a", options);
      await read.begun;
      await run(other);
      read.release();
      assertEquals(textOf(await found), "old");
      await Promise.all(work);
      const left = await tieredCache([near, far]).get("a");
      assertEquals(textOf(left), name === "set" ? "new" : undefined, name);
      await tieredCache([near, far]).clear?.();
    }
  }
});

test("tieredCache() does not copy an entry while a write of it is under way", async () => {
  const { near, far, options, work } = setUp();
  const cache = tieredCache([near, far]);
  far.entries.set("a", entryOf("old"));
  const slow = Promise.withResolvers<void>();
  far.before = near.before = (operation) => operation === "set" ? slow.promise : undefined;
  const written = cache.set("a", entryOf("new"), options);
  assertEquals(textOf(await cache.get("a", options)), "old");
  slow.resolve();
  await written;
  assertEquals([work.length, textOf(await cache.get("a", options))], [0, "new"]);
});

test("tieredCache() copies an entry once for many concurrent reads", async () => {
  const { cache, near, far, texts, options, work } = setUp();
  far.entries.set("a", entryOf("a"));
  const found = await Promise.all(Array.from({ length: 50 }, () => cache.get("a", options)));
  await Promise.all(work);
  assertEquals([new Set(found.map(textOf)).size, await texts("a")], [1, ["a", "a", "a"]]);
  assertEquals(near.log.filter((operation) => operation === "set").length, 1);
});

test("tieredCache() gives up when the caller has lost interest, and reports no fault", async () => {
  const { cache, near, far, options, told } = setUp();
  const controller = new AbortController();
  near.failing = ["get"];
  near.before = () => controller.abort();
  far.entries.set("a", entryOf("a"));
  assertEquals(await cache.get("a", { ...options, signal: controller.signal }), undefined);
  assertEquals([told(), far.log], [[], []]);
});

test("tieredCache().delete() and clear() remove from all tiers", async () => {
  const { cache, near, far, texts } = setUp();
  far.entries.set("a", entryOf("a"));
  assertEquals([await cache.delete("a"), await cache.delete("a")], [true, false]);
  await cache.set("a", entryOf("a"));
  await cache.clear?.();
  assertEquals(await texts("a"), [undefined, undefined, undefined]);
  near.failing = ["clear"];
  await cache.set("a", entryOf("a"));
  await assertRejects(async () => await cache.clear?.(), Error, "near can't clear");
  assertEquals(await texts("a"), [undefined, "a", undefined]);
});

test("tieredCache() clears and sweeps the tiers that can, and has no such method where none can", async () => {
  const plain = (sweep?: CacheAdapter["sweep"]): CacheAdapter => ({
    name: "plain",
    maxEntryBytes: 1,
    get: () => undefined,
    set: () => false,
    delete: () => false,
    ...(sweep && { sweep }),
  });
  assert(!("clear" in tieredCache([plain()])) || tieredCache([plain()]).clear === undefined);
  assertEquals(tieredCache([plain()]).sweep, undefined);
  const swept = { removed: 2, freedBytes: 10 };
  const cache = tieredCache([plain(), plain(() => swept), plain(() => Promise.resolve(swept))]);
  assertEquals([await cache.sweep?.(), cache.clear], [{ removed: 4, freedBytes: 20 }, undefined]);
  const failing = tieredCache([plain(() => Promise.reject(new Error("broken"))), plain(() => swept)]);
  await assertRejects(async () => await failing.sweep?.(), Error, "broken");
});

test("tieredCache() works with memory before a key-value store, whose entries outlive the memory", async () => {
  const kv = new MemoryKv();
  const body = randomBytes(300_000);
  const before = tieredCache([memoryCache(), kvCache(kv)]);
  assertEquals(await before.set("a", entryOf(body)), true);
  const memory = memoryCache();
  const after = tieredCache([memory, kvCache(kv)]);
  assertEquals((await after.get("a"))?.body, body);
  assertEquals((memory.get("a") as CacheEntry).body, body);
  kv.close();
  assertEquals((after.get("a") as CacheEntry).body, body);
  assertEquals(await after.set("a", entryOf("new")), true);
});

test("tieredCache() refuses a value that is no array of adapters", () => {
  const memory = memoryCache();
  const { get, set } = memory;
  for (
    const tiers of [undefined, null, memory, [], [memory, undefined], [{
      name: "a",
      maxEntryBytes: 1,
      get,
      set,
    }]]
  ) {
    assertThrows(
      () => tieredCache(tiers as CacheAdapter[]),
      TypeError,
      "Cannot create tiered cache as 'tiers' must be a non-empty array of cache adapters (name, get, set, delete): received",
    );
  }
});

test("mapTiers() wraps each tier, also within tiers, and a cache without tiers itself", async () => {
  const [first, second, third] = [memoryCache(), new TestTier("second"), new TestTier("third")];
  const asked: string[] = [];
  const wrap = (tier: CacheAdapter): CacheAdapter => ({
    name: tier.name,
    maxEntryBytes: tier.maxEntryBytes,
    get: (key) => {
      asked.push(tier.name);
      return tier.get(key);
    },
    set: (key, entry) => tier.set(key, entry),
    delete: (key) => tier.delete(key),
  });
  await mapTiers(tieredCache([first, tieredCache([second, third])]), wrap).get("a");
  assertEquals(asked, ["memory", "second", "third"]);
  await mapTiers(first, wrap).get("a");
  assertEquals(asked.length, 4);
});

test("mapTiers() still notices changes that are made through the original cache", async () => {
  const { promise, resolve } = Promise.withResolvers<CacheEntry | undefined>();
  const slow: CacheAdapter = {
    name: "slow",
    maxEntryBytes: 1e6,
    get: () => promise,
    set: () => true,
    delete: () => true,
  };
  const memory = memoryCache();
  const cache = tieredCache([memory, slow]);
  const reading = mapTiers(cache, (tier) => tier).get("a");
  await cache.delete("a");
  resolve(entryOf("old"));
  assert(await reading !== undefined);
  // An entry that was read before the removal is not copied to the memory.
  assertEquals(await memory.get("a"), undefined);
});

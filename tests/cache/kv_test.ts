import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { kvCache, type KvCacheOptions, type KvKey, type KvStore } from "../../src/cache/kv.ts";
import { sha256 } from "../../src/cache/sha256.ts";
import { entryOf, randomBytes, textOf } from "../support/cache_entries.ts";
import { stores, type TestKv } from "../support/kv_stores.ts";
import { MemoryKv } from "../support/memory_kv.ts";
import { test } from "../support/test.ts";

const KEY = sha256("a");
/** The room of one atomic operation, without metadata. */
const MAX_STORED_BYTES = 780_000;

function eachStore(name: string, body: (kv: TestKv) => Promise<void>): void {
  for (const [store, open] of stores) {
    test(`${name} (${store})`, async () => {
      const kv = await open();
      try {
        await body(kv);
      } finally {
        kv.close();
      }
    });
  }
}

/** Creates a cache that retries without waiting, and records its delays. */
function setUp(kv: KvStore, options: KvCacheOptions = {}) {
  const delays: number[] = [];
  const delay = (delayMs: number) => {
    delays.push(delayMs);
    return Promise.resolve();
  };
  return { delays, cache: kvCache(kv, { random: () => 0.5, delay, ...options }) };
}

async function keysOf(kv: KvStore, prefix: KvKey = ["slipstream"]): Promise<unknown[]> {
  const keys: unknown[] = [];
  for await (const { key } of kv.list({ prefix })) keys.push(key);
  return keys;
}

eachStore("kvCache() gives back what was stored, and nothing under other keys", async (kv) => {
  const { cache } = setUp(kv);
  const meta = {
    headers: [["content-type", "a/b"], ["x", "ÿ"]],
    vary: [["accept", null]],
    removeAt: 9e15,
  } as const;
  for (const size of [0, 1, 60_000, 60_001, 64_000, 65_000, 130_000, 779_000]) {
    const entry = entryOf(randomBytes(size), meta);
    assertEquals(await cache.set(KEY, entry), true);
    assertEquals(await cache.get(KEY), entry);
  }
  assertEquals(await cache.get(sha256("b")), undefined);
  assertEquals([cache.name, cache.maxEntryBytes], ["kv", 4 * 1024 * 1024]);
});

eachStore("kvCache() stores four megabytes of JSON in one write, compressed", async (kv) => {
  const { cache } = setUp(kv);
  const rows = Array.from({ length: 40_000 }, (_, index) => ({ driver: index % 20, speed: index % 350 }));
  const text = JSON.stringify(rows).padEnd(4_000_000);
  assertEquals(await cache.set(KEY, entryOf(text)), true);
  assertEquals(textOf(await cache.get(KEY)), text);
  assert((await keysOf(kv)).length <= 12);
});

eachStore("kvCache() counts a body of Chinese text in bytes", async (kv) => {
  const text = "漢字".repeat(20_000);
  const { cache } = setUp(kv, { maxEntryBytes: 121_000 });
  assertEquals(await cache.set(KEY, entryOf(text)), true);
  assertEquals(textOf(await cache.get(KEY)), text);
  assertEquals(await cache.set(KEY, entryOf(`${text}漢字`.repeat(2))), false);
});

eachStore("kvCache() refuses what is too large for one write, and keeps what it had", async (kv) => {
  const { cache } = setUp(kv);
  await cache.set(KEY, entryOf("old"));
  assertEquals(await cache.set(KEY, entryOf(randomBytes(MAX_STORED_BYTES))), false);
  assertEquals(await cache.set(KEY, entryOf(new Uint8Array(5_000_000))), false);
  assertEquals(await cache.set(KEY, entryOf("", { url: `https://a.test/${"漢".repeat(300_000)}` })), false);
  assertEquals(textOf(await cache.get(KEY)), "old");
});

eachStore("kvCache() removes the chunks that a smaller entry does not need", async (kv) => {
  const { cache } = setUp(kv);
  for (const [size, chunks] of [[700_000, 11], [200_000, 4], [10, 1], [130_000, 3]] as const) {
    await cache.set(KEY, entryOf(randomBytes(size)));
    assertEquals((await keysOf(kv)).length, chunks);
    assertEquals((await cache.get(KEY))?.body, randomBytes(size));
  }
});

eachStore(
  "kvCache() keeps an entry as it was when it was stored, and gives everybody an own one",
  async (kv) => {
    const { cache } = setUp(kv);
    for (const size of [100, 100_000]) { // inline, and compressed
      const buffer = new Uint8Array(size + 1_000);
      const headers: [string, string][] = [["a", "b"]];
      const entry = entryOf(buffer.subarray(500, 500 + size), { headers });
      const stored = cache.set(KEY, entry);
      buffer.fill(9);
      headers[0]![1] = "changed";
      assertEquals(await stored, true);
      const first = await cache.get(KEY);
      assertEquals([first?.body.every((byte) => byte === 0), first?.meta.headers], [true, [["a", "b"]]]);
      assertEquals([first?.body.length, first?.body.buffer.byteLength], [size, size]);
      first!.body.fill(7);
      assertEquals((await cache.get(KEY))?.body, new Uint8Array(size));
    }
  },
);

eachStore(
  "kvCache() takes any key: long, empty, with half a surrogate pair, looking like another's place",
  async (kv) => {
    const { cache } = setUp(kv);
    const keys = [
      "",
      "../../etc/x",
      "\0",
      "a",
      "é",
      "e\u0301",
      "😀",
      "\ud83d",
      "\udfff",
      "\ufffd",
      "k".repeat(8_000),
    ];
    keys.push(`${"k".repeat(8_000)}l`, "slipstream", KEY, KEY.toUpperCase(), `~${KEY}`);
    for (const key of keys) assertEquals(await cache.set(key, entryOf(JSON.stringify(key))), true);
    for (const key of keys) assertEquals(textOf(await cache.get(key)), JSON.stringify(key));
    assertEquals((await keysOf(kv)).length, keys.length);
    for (const key of keys) assertEquals([await cache.delete(key), await cache.get(key)], [true, undefined]);
  },
);

eachStore("kvCache() stays below its prefix", async (kv) => {
  const { cache } = setUp(kv, { prefix: ["app", 7] });
  const others: KvKey[] = [["app"], ["app", 7], ["app", 7, 0, "x"], ["app", 7, 2], ["app", 70, 1, "x", 0], [
    "b",
  ]];
  for (const key of others) await kv.set(key, "not ours");
  await cache.set(KEY, entryOf("a"));
  assertEquals(await keysOf(kv, ["app", 7, 1]), [["app", 7, 1, KEY, 0]]);
  await cache.sweep?.();
  await cache.clear?.();
  for (const key of others) assertEquals((await kv.get(key)).value, "not ours");
  assertEquals(await keysOf(kv, ["app", 7, 1]), []);
});

test("kvCache() takes every kind of part that a key may have as a prefix", () => {
  for (const part of [new Uint8Array([1]), "app", 7, 8n, true]) {
    assertEquals(kvCache(new MemoryKv(), { prefix: [part] }).name, "kv");
  }
});

eachStore(
  "kvCache() gives nothing that is past its removeAt, however late the store removes it",
  async (kv) => {
    let now = 1_000_000;
    const { cache } = setUp(kv, { now: () => now });
    await cache.set(KEY, entryOf("a", { removeAt: 1_000_100 }));
    now = 1_000_099;
    assertEquals(textOf(await cache.get(KEY)), "a");
    now = 1_000_100;
    assertEquals(await cache.get(KEY), undefined);
    assertEquals((await keysOf(kv)).length, 1);
    for (const removeAt of [now, now - 1, -1, 0.5]) {
      assertEquals([await cache.set(KEY, entryOf("b", { removeAt })), await cache.get(KEY)], [
        true,
        undefined,
      ]);
    }
    for (const removeAt of [now + 0.5, now + 2 ** 31, 9e15, Number.MAX_VALUE, null]) {
      assertEquals(await cache.set(KEY, entryOf("c", { removeAt })), true);
      assertEquals(textOf(await cache.get(KEY)), "c");
    }
  },
);

test("kvCache() lets all chunks of an entry expire at the same time, and an overwritten expiry with its entry", async () => {
  let now = 1_000_000;
  const kv = new MemoryKv({ now: () => now });
  const { cache } = setUp(kv, { now: () => now });
  await cache.set(KEY, entryOf(randomBytes(200_000), { removeAt: 1_000_100 }));
  await cache.set("b", entryOf("b", { removeAt: 1_000_100 }));
  await cache.set("b", entryOf("b"));
  now = 1_000_099;
  kv.removeExpired();
  assertEquals((await keysOf(kv)).length, 5);
  now = 1_000_100;
  kv.removeExpired();
  assertEquals((await keysOf(kv)).length, 1);
  assertEquals(textOf(await cache.get("b")), "b");
});

eachStore(
  "kvCache() misses an entry of which any chunk is missing or comes from another write",
  async (kv) => {
    const { cache } = setUp(kv);
    const body = randomBytes(250_000);
    for (let chunk = 0; chunk < 4; chunk++) {
      const key = ["slipstream", 1, KEY, chunk];
      await cache.set(KEY, entryOf(body));
      const { value } = await kv.get(key);
      await kv.set(key, value); // the same bytes, but not the same write
      assertEquals(await cache.get(KEY), undefined);
      await kv.delete(key);
      assertEquals(await cache.get(KEY), undefined);
      await cache.set(KEY, entryOf(body));
      assertEquals((await cache.get(KEY))?.body, body);
    }
  },
);

eachStore("kvCache() misses what it has not written, and removes it", async (kv) => {
  const { cache } = setUp(kv);
  const at = (...rest: KvKey) => ["slipstream", 1, KEY, ...rest];
  await cache.set(KEY, entryOf("text", { key: "k" }));
  const good = (await kv.get(at(0))).value as Uint8Array<ArrayBuffer>;
  const changed = (change: (bytes: Uint8Array<ArrayBuffer>) => void) => {
    const bytes = good.slice();
    change(bytes);
    return bytes;
  };
  const values: unknown[] = [
    "text",
    1,
    true,
    { v: 1 },
    new Uint8Array(0),
    new Uint8Array(19),
    good.slice(0, -1),
  ];
  values.push(changed((bytes) => bytes[0]! ^= 1)); // foreign
  values.push(changed((bytes) => bytes[3]! += 1)); // of a future version
  values.push(changed((bytes) => bytes[7] = 1)); // said to be compressed
  values.push(changed((bytes) => bytes[7] = 2));
  values.push(changed((bytes) => bytes[12] = 255)); // said to be large
  values.push(changed((bytes) => bytes[20] = 0)); // metadata that is no JSON
  values.push(changed((bytes) => bytes[25] = 0x32)); // {"v":2
  values.push(new Uint8Array([...good, 0]));
  for (const value of values) {
    await kv.set(at(0), value);
    assertEquals(await cache.get(KEY), undefined);
    assertEquals(await keysOf(kv), []);
  }
  for (const rest of [["x"], [0, 0], [12], [-1], [0.5], [true]] as KvKey[]) {
    await kv.set(at(0), good);
    await kv.set(at(...rest), "foreign");
    assertEquals([await cache.get(KEY), await keysOf(kv)], [undefined, []]);
  }
  await kv.set(at(0), good);
  assertEquals(textOf(await cache.get(KEY)), "text");
});

eachStore("kvCache() decompresses no more than an entry says it has", async (kv) => {
  const { cache } = setUp(kv);
  await cache.set(KEY, entryOf(new Uint8Array(3_000_000)));
  const key = ["slipstream", 1, KEY, 0];
  const frame = (await kv.get(key)).value as Uint8Array<ArrayBuffer>;
  for (const size of [0, 100, 2_999_999, 3_000_001]) {
    new DataView(frame.buffer, frame.byteOffset).setUint32(12, size);
    await kv.set(key, frame);
    assertEquals([await cache.get(KEY), await keysOf(kv)], [undefined, []]);
  }
  // An entry that another cache took, with a larger bound, stays where it is.
  await cache.set(KEY, entryOf(new Uint8Array(3_000_000)));
  assertEquals(await setUp(kv, { maxEntryBytes: 1_000_000 }).cache.get(KEY), undefined);
  assertEquals((await cache.get(KEY))?.body.length, 3_000_000);
});

eachStore("kvCache().delete() removes an entry whole, and says whether there was one", async (kv) => {
  const { cache } = setUp(kv);
  await cache.set(KEY, entryOf(randomBytes(700_000)));
  await cache.set("b", entryOf("b"));
  assertEquals([await cache.delete(KEY), await cache.delete(KEY), await cache.delete("c")], [
    true,
    false,
    false,
  ]);
  assertEquals([await cache.get(KEY), textOf(await cache.get("b")), (await keysOf(kv)).length], [
    undefined,
    "b",
    1,
  ]);
});

eachStore("kvCache() makes the writes of one key in the order in which they were asked for", async (kv) => {
  const { cache } = setUp(kv);
  const large = entryOf(new Uint8Array(500_000)); // takes a while to compress
  await Promise.all([cache.set(KEY, large), cache.set(KEY, entryOf("second"))]);
  assertEquals(textOf(await cache.get(KEY)), "second");
  assertEquals(await Promise.all([cache.set(KEY, large), cache.delete(KEY)]), [true, true]);
  assertEquals(await cache.get(KEY), undefined);
  await Promise.all([cache.set(KEY, large), cache.set("b", large), cache.clear?.()]);
  assertEquals(await keysOf(kv), []);
});

eachStore("kvCache().clear() removes more entries than one write takes", async (kv) => {
  const { cache } = setUp(kv, { prefix: ["p".repeat(500)] });
  const keys = Array.from({ length: 1_100 }, (_, index) => `${index}`);
  await Promise.all(keys.map((key) => cache.set(key, entryOf(key))));
  assertEquals((await keysOf(kv, ["p".repeat(500)])).length, 1_100);
  await cache.clear?.();
  assertEquals(await keysOf(kv, ["p".repeat(500)]), []);
});

eachStore(
  "kvCache().sweep() removes what has expired, parts of entries and what is foreign, and nothing else",
  async (kv) => {
    let now = 1_000_000;
    const { cache } = setUp(kv, { now: () => now });
    const body = randomBytes(200_000);
    for (let index = 0; index < 60; index++) await cache.set(`${index}`, entryOf("good"));
    await cache.set("large", entryOf(body));
    await cache.set("old", entryOf(body, { removeAt: 1_000_100 }));
    await cache.set("later", entryOf("later", { removeAt: 1_000_101 }));
    for (const slot of ["orphan 1", "orphan 2"]) {
      await kv.set(["slipstream", 1, slot, 3], new Uint8Array(1_000));
    }
    await kv.set(["slipstream", 1, "foreign", 0], "text");
    await kv.set(["slipstream", 1, "alone"], new Uint8Array(10));
    now = 1_000_100;
    const { removed = 0, freedBytes = 0 } = await cache.sweep?.() ?? {};
    assertEquals(removed, 5);
    assert(freedBytes >= 202_010 && freedBytes < 203_000, `${freedBytes}`);
    assertEquals((await keysOf(kv)).length, 60 + 4 + 1);
    assertEquals([(await cache.get("large"))?.body, textOf(await cache.get("later"))], [body, "later"]);
    assertEquals(await cache.sweep?.(), { removed: 0, freedBytes: 0 });
  },
);

test("kvCache().clear() rejects when one of its writes fails, and removes the rest when it is called again", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv, { prefix: ["p".repeat(500)] });
  for (let index = 0; index < 100; index++) await cache.set(`${index}`, entryOf("a"));
  let writes = 0;
  kv.beforeOperation = (operation) => {
    if (operation === "write" && ++writes === 1) throw new Error("disk full");
  };
  await assertRejects(async () => await cache.clear?.(), Error, "disk full");
  assertEquals(writes, 1);
  await cache.clear?.();
  assert(writes > 2);
  assertEquals(await keysOf(kv, ["p".repeat(500)]), []);
});

test("kvCache() reads an entry in one batch, whatever its size", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  for (const size of [10, 779_000]) {
    await cache.set(KEY, entryOf(randomBytes(size)));
    const { read, write } = kv.counts;
    await cache.get(KEY);
    assertEquals([kv.counts.read - read, kv.counts.write - write], [1, 0]);
  }
});

test("kvCache() looks again at an incomplete entry, and not at an absent one", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  const entry = entryOf(randomBytes(200_000));
  await cache.set(KEY, entry);
  await kv.delete(["slipstream", 1, KEY, 2]);
  let reads = 0;
  kv.beforeOperation = async (operation) => {
    // Another writer completes it between the two looks.
    if (operation === "read" && ++reads === 2) await kvCache(kv).set(KEY, entry);
  };
  assertEquals((await cache.get(KEY))?.body, entry.body);
  assertEquals([reads, await cache.get("absent"), reads], [2, undefined, 3]);
});

test("kvCache() does not look again when the caller has lost interest", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  await kv.set(["slipstream", 1, KEY, 2], new Uint8Array(10));
  await cache.get(KEY, { signal: AbortSignal.abort() });
  assertEquals(kv.counts.read, 1);
});

test("kvCache().sweep() keeps an entry that was written during its scan", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  await kv.set(["slipstream", 1, KEY, 0], "foreign");
  let reads = 0;
  kv.beforeOperation = async (operation) => {
    if (operation === "read" && ++reads === 2) await kvCache(kv).set(KEY, entryOf("new"));
  };
  assertEquals(await cache.sweep?.(), { removed: 0, freedBytes: 0 });
  assertEquals(textOf(await cache.get(KEY)), "new");
});

test("kvCache() tries three times while the database is locked, with growing waits", async () => {
  const kv = new MemoryKv();
  const { cache, delays } = setUp(kv);
  let locked = 0;
  kv.beforeOperation = () => {
    if (locked-- > 0) throw new TypeError("database is locked");
  };
  for (const run of [() => cache.set(KEY, entryOf("a")), () => cache.get(KEY), () => cache.delete(KEY)]) {
    locked = 2;
    await run();
    assertEquals(delays.splice(0), [12.5, 25]);
    locked = 3;
    await assertRejects(async () => await run(), TypeError, "database is locked");
    assertEquals(delays.splice(0), [12.5, 25]);
  }
});

test("kvCache() throws the errors of its store, and works again when the store does", async () => {
  const kv = new MemoryKv({ maxBytes: 100_000 });
  const { cache, delays } = setUp(kv);
  await cache.set(KEY, entryOf("old"));
  await assertRejects(async () => await cache.set(KEY, entryOf(randomBytes(200_000))), TypeError, "full");
  assertEquals([textOf(await cache.get(KEY)), delays], ["old", []]);
  assertEquals(await cache.set("b", entryOf(randomBytes(50_000))), true);
  kv.close();
  for (const run of [() => cache.get(KEY), () => cache.set(KEY, entryOf("a")), () => cache.delete(KEY)]) {
    await assertRejects(async () => await run(), Error, "Bad resource ID");
  }
  await assertRejects(async () => await cache.clear?.(), Error, "Bad resource ID");
  await assertRejects(async () => await cache.sweep?.(), Error, "Bad resource ID");
});

test("kvCache() treats a corrupt entry as a miss even if it can't remove it", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  await kv.set(["slipstream", 1, KEY, 0], "foreign");
  kv.beforeOperation = (operation) => {
    if (operation === "write") throw new TypeError("attempt to write a readonly database");
  };
  assertEquals(await cache.get(KEY), undefined);
});

test("kvCache() gives only whole entries of one write while others write", async () => {
  const kv = new MemoryKv();
  const { cache } = setUp(kv);
  const bodies = [1, 2, 3].map((seed) => randomBytes(seed * 100_000, seed));
  const isWhole = ({ body }: CacheEntry) => bodies.some((own) => own.every((byte, at) => byte === body[at]));
  let reading = true;
  const writing = bodies.map(async (body) => {
    while (reading) await kvCache(kv).set(KEY, entryOf(body));
  });
  await cache.set(KEY, entryOf(bodies[0]!));
  for (let count = 0; count < 50; count++) {
    const entry = await cache.get(KEY);
    assert(entry !== undefined && isWhole(entry));
  }
  reading = false;
  await Promise.all(writing);
});

test("kvCache() refuses bad stores and options", () => {
  const refuse = (
    kv: unknown,
    options: unknown,
    error: typeof TypeError | typeof RangeError,
    message: string,
  ) =>
    assertThrows(
      () => kvCache(kv as KvStore, options as KvCacheOptions),
      error,
      `Cannot create kv cache as ${message}`,
    );
  for (const kv of [undefined, null, {}, "kv", { list: () => {} }]) {
    refuse(kv, {}, TypeError, "'kv' must be a Deno.Kv or alike: received");
  }
  const kv = new MemoryKv();
  for (const prefix of ["slipstream", [], [{}], [undefined], null]) {
    refuse(kv, { prefix }, TypeError, "'prefix' must be a non-empty array of key parts: received");
  }
  for (const maxEntryBytes of [0, -1, 1.5, NaN, Infinity]) {
    const message = `'maxEntryBytes' must be a positive integer: received ${maxEntryBytes}`;
    refuse(kv, { maxEntryBytes }, RangeError, message);
  }
  refuse(kv, { maxEntryBytes: "5" }, TypeError, "'maxEntryBytes' must be a positive integer: received \"5\"");
  refuse(kv, null, TypeError, "the options must be an object: received null");
  refuse(kv, { maxBytes: 5 }, TypeError, "'maxBytes' is not an option");
  refuse(
    kv,
    { maxEntrybytes: 5 },
    TypeError,
    "'maxEntrybytes' is not an option: did you mean 'maxEntryBytes'?",
  );
  refuse(kv, "x", TypeError, "the options must be an object: received a string");
  for (const name of ["now", "random", "delay"]) {
    refuse(kv, { [name]: 5 }, TypeError, `'${name}' must be a function: received 5`);
  }
});

import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import type { CacheAdapter, CacheCallOptions, CacheEntry } from "../../src/cache/cache.ts";
import { sha256 } from "../../src/cache/sha256.ts";
import { tieredCache } from "../../src/cache/tiered.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { AdapterState } from "../../src/http_cache/adapter_state.ts";
import { GuardedAdapter } from "../../src/http_cache/guarded_adapter.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { entryOf } from "../support/cache_entries.ts";
import { gate } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { RecordingCache } from "./recording_cache.ts";

const KEY = "v1\nGET\nhttps://a.test/?token=secret\n\n";

function keyedEntry(key: string, size = 3): CacheEntry {
  return entryOf(size, { key });
}

function guard(adapter: Partial<CacheAdapter>, state = new AdapterState()) {
  const events: ClientEvent[] = [];
  const background: Promise<unknown>[] = [];
  const inBackground = (work: Promise<unknown>) => void background.push(work);
  const clock = new ManualClock();
  const reporter = { active: true, emit: (event: ClientEvent) => void events.push(event) };
  const environment = { clock, reporter, inBackground } as unknown as Environment;
  const whole = {
    name: "test",
    maxEntryBytes: 10,
    get: () => undefined,
    set: () => true,
    delete: () => true,
    ...adapter,
  };
  return { guarded: new GuardedAdapter(environment, whole, { state }), events, background, clock };
}

test("GuardedAdapter shows the adapter the hash of a key, and never the key", async () => {
  const seen: string[] = [];
  const { guarded } = guard({
    get: (key) => void seen.push(key),
    set: (key) => seen.push(key) > 0,
    delete: (key) => seen.push(key) > 0,
  });
  await guarded.get(KEY);
  await guarded.set(keyedEntry(KEY));
  await guarded.delete(KEY);

  assertEquals(new Set(seen).size, 1);
  assertMatch(seen[0]!, /^[0-9a-f]{64}$/);
});

test("GuardedAdapter treats an entry of another key as a miss", async () => {
  const { guarded } = guard({ get: () => keyedEntry("another") });
  assertEquals(await guarded.get(KEY), undefined);
});

test("GuardedAdapter offers no entry that is too large", async () => {
  let offered = 0;
  const { guarded } = guard({ set: () => ++offered > 0 });
  await guarded.set(keyedEntry(KEY, 11));
  await guarded.set(keyedEntry(KEY, 10));
  assertEquals(offered, 1);
});

test("GuardedAdapter turns failures into misses and refusals, and warns once per operation", async () => {
  const broken = () => {
    throw new Error("disk full");
  };
  const { guarded, events } = guard({
    get: broken,
    set: () => Promise.reject(new Error("locked")),
    delete: broken,
  });
  for (let round = 0; round < 3; round++) {
    assertEquals(await guarded.get(KEY), undefined);
    assertEquals(await guarded.set(keyedEntry(KEY)), undefined);
    assertEquals(await guarded.delete(KEY), undefined);
  }
  assertEquals(events.map(({ type }) => type), ["warning", "warning", "warning"]);
});

test("GuardedAdapter.get() returns a write that the adapter has not finished, and heeds a removal after it", async () => {
  const held = gate();
  let reads = 0;
  const { guarded } = guard({ get: () => void reads++, set: () => held.promise.then(() => true) });
  const entry = keyedEntry(KEY);
  const writing = guarded.set(entry);
  assertStrictEquals(await guarded.get(KEY), entry);
  const removing = guarded.delete(KEY);
  assertEquals([await guarded.get(KEY), reads], [undefined, 0]);
  held.open();
  await Promise.all([writing, removing]);
  assertEquals([await guarded.get(KEY), reads], [undefined, 1]);
});

test("GuardedAdapter gives the adapter one write of a key after the other, and of waiting writes only the last", async () => {
  const inner = new RecordingCache();
  const told: string[] = [];
  const gates = [gate(), gate(), gate()];
  let under = 0;
  let peak = 0;
  const wait = async (what: string) => {
    peak = Math.max(peak, ++under);
    const number = told.push(what) - 1;
    await gates[number]!.promise;
    under--;
  };
  const { guarded } = guard({
    get: (key) => inner.get(key),
    set: async (key, entry) => {
      await wait(`set ${entry.body.length}`);
      return inner.set(key, entry);
    },
    delete: async (key) => {
      await wait("delete");
      return inner.delete(key);
    },
  });
  const first = guarded.set(keyedEntry(KEY, 1));
  for (const size of [2, 3, 4]) guarded.set(keyedEntry(KEY, size));
  guarded.delete(KEY);
  guarded.set(keyedEntry(KEY, 5));
  assertEquals(told, ["set 1"]);
  gates[0]!.open();
  await eventLoopTurn();
  assertEquals(told, ["set 1", "set 5"]);
  guarded.delete(KEY);
  gates[1]!.open();
  await eventLoopTurn();
  gates[2]!.open();
  await first;
  assertEquals([told, peak, inner.entries.size], [["set 1", "set 5", "delete"], 1, 0]);
});

test("GuardedAdapter lets writes of other keys go on while one never ends", async () => {
  const inner = new RecordingCache();
  const other = "another key";
  let stuck = true;
  const { guarded } = guard({
    get: (key) => inner.get(key),
    set: (key, entry) => stuck ? new Promise<boolean>(() => {}) : inner.set(key, entry),
  });
  guarded.set(keyedEntry(KEY));
  stuck = false;
  await guarded.set(keyedEntry(other));
  assertEquals([(await guarded.get(KEY))?.meta.key, (await guarded.get(other))?.meta.key], [KEY, other]);
});

test("GuardedAdapter removes the old entry when the new one is refused, fails or is too large", async () => {
  for (const failing of ["refuses", "throws", "rejects", "too large"]) {
    const inner = new RecordingCache();
    const { guarded, events } = guard({
      get: (key) => inner.get(key),
      set: (key, entry) => {
        if (entry.body.length === 3) return inner.set(key, entry);
        if (failing === "throws") throw new Error("disk full");
        return failing === "rejects" ? Promise.reject(new Error("disk full")) : false;
      },
      delete: (key) => inner.delete(key),
    });
    await guarded.set(keyedEntry(KEY, 3));
    await guarded.set(keyedEntry(KEY, failing === "too large" ? 11 : 4));
    assertEquals([inner.entries.size, await guarded.get(KEY)], [0, undefined], failing);
    assertEquals(events.length, ["throws", "rejects"].includes(failing) ? 1 : 0, failing);
  }
});

test("GuardedAdapter does not warn a second time when a refused entry can't be removed either", async () => {
  const broken = () => {
    throw new Error("disk full");
  };
  const { guarded, events } = guard({ set: broken, delete: broken });
  await guarded.set(keyedEntry(KEY));
  assertEquals(
    events.map((event) => event.type === "warning" && event.message.split("'")[2]!.split(";")[0]),
    [
      " failed to set",
    ],
  );
  await guarded.delete(KEY);
  assertEquals(events.length, 2);
});

test("GuardedAdapter warns of failing tiers by their names, once each", async () => {
  const broken = () => {
    throw new Error("disk full");
  };
  const tier = (name: string, members: Partial<CacheAdapter>): CacheAdapter => {
    const inner = new RecordingCache();
    const own = { get: (key: string) => inner.get(key), delete: (key: string) => inner.delete(key) };
    return {
      name,
      maxEntryBytes: 10,
      ...own,
      set: (key: string, entry: CacheEntry) => inner.set(key, entry),
      ...members,
    };
  };
  const tiers = tieredCache([
    tier("one", { get: broken }),
    tier("two", { get: broken, set: broken }),
    tier("three", {}),
  ]);
  const { guarded, events } = guard({
    get: (key, options) => tiers.get(key, options),
    set: (key, entry, options) => tiers.set(key, entry, options),
    delete: (key, options) => tiers.delete(key, options),
  });
  for (let round = 0; round < 3; round++) {
    await guarded.set(keyedEntry(KEY));
    assertEquals((await guarded.get(KEY))?.meta.key, KEY);
  }
  assertEquals(events.map((event) => event.type === "warning" && event.message.split(";")[0]), [
    "The cache 'two' failed to set",
    "The cache 'one' failed to get",
    "The cache 'two' failed to get",
  ]);
});

test("GuardedAdapter gives the adapter the client's time, and keeps its work in the background", async () => {
  const seen: (CacheCallOptions | undefined)[] = [];
  const { guarded, clock, background } = guard({
    get: (_key, options) => void seen.push(options),
    set: (_key, _entry, options) => seen.push(options) > 0,
    delete: (_key, options) => seen.push(options) > 0,
  });
  await guarded.get(KEY);
  await guarded.set(keyedEntry(KEY));
  await guarded.delete(KEY);
  await clock.advance(5_000);
  assertEquals(seen.map((options) => options?.now?.()), Array(3).fill(clock.wallNow()));
  const work = Promise.resolve();
  seen[0]?.waitUntil?.(work);
  assertStrictEquals(background[0], work);
});

test("GuardedAdapter holds at most 64 MiB for an adapter that never answers, and remembers removals", async () => {
  const never = () => new Promise<boolean>(() => {});
  const { guarded } = guard({
    maxEntryBytes: Infinity,
    get: (hash) => ({
      ...keyedEntry(keyOf.get(hash) ?? KEY, 1),
      meta: keyedEntry(keyOf.get(hash) ?? KEY).meta,
    }),
    set: never,
    delete: never,
  });
  const keys = Array.from({ length: 3_000 }, (_, number) => `key ${number}`);
  const keyOf = new Map(keys.map((key) => [sha256(key), key]));
  // Share one buffer: the count is by the size of each entry.
  const body = new Uint8Array(1024 * 1024);
  for (const key of keys) void guarded.set({ ...keyedEntry(key), body });
  const held = await Promise.all(keys.map((key) => guarded.get(key)));
  const count = held.filter((entry) => entry !== undefined).length;
  assert(count > 0 && count <= 64, `${count} MiB`);
  assertEquals([held[0]?.body.length, held.at(-1)], [body.length, undefined]);
  // The adapter's entries of these keys are outdated from now on.
  const other = "a key of before";
  keyOf.set(sha256(other), other);
  assertEquals((await guarded.get(other))?.body.length, 1);
  void guarded.delete(other);
  void guarded.delete(keys[0]!);
  assertEquals([await guarded.get(other), await guarded.get(keys[0]!)], [undefined, undefined]);
  // The removal has made room.
  void guarded.set({ ...keyedEntry(other), body: body.subarray(0, 1_000) });
  assertEquals((await guarded.get(other))?.body.length, 1_000);
});

test("GuardedAdapter releases an entry when the adapter has answered", async () => {
  const inner = new RecordingCache();
  let held = gate();
  const { guarded } = guard({
    maxEntryBytes: Infinity,
    get: (key) => inner.get(key),
    set: async (key, entry) => {
      await held.promise;
      return await inner.set(key, entry);
    },
    delete: (key) => inner.delete(key),
  });
  const body = new Uint8Array(40 * 1024 * 1024);
  for (let round = 0; round < 4; round++) {
    held = gate();
    const writing = guarded.set({ ...keyedEntry(`key ${round}`), body });
    assertEquals((await guarded.get(`key ${round}`))?.body.length, body.length, `${round}`);
    held.open();
    await writing;
  }
  assertEquals(inner.entries.size, 4);
});

test("GuardedAdapter treats an entry with unreadable members as a miss", async () => {
  const fail = (): never => {
    throw new Error("gone");
  };
  const { meta, body } = keyedEntry(KEY);
  const rubbish: readonly object[] = [
    {
      body,
      get meta() {
        return fail();
      },
    },
    {
      meta,
      get body() {
        return fail();
      },
    },
    ...["v", "key", "status", "headers", "vary"].map((name) => ({
      body,
      meta: Object.defineProperty({ ...meta }, name, { get: fail }),
    })),
  ];
  for (const entry of rubbish) {
    for (const later of [false, true]) {
      const { guarded } = guard({
        get: () => (later ? Promise.resolve(entry) : entry) as CacheEntry,
      });
      assertEquals(await guarded.get(KEY), undefined);
    }
  }
});

test("GuardedAdapter shares pending writes with others of the same state", async () => {
  const state = new AdapterState();
  const held = gate();
  const told: string[] = [];
  const first = guard({
    set: (_, { body }) => held.promise.then(() => told.push(`first ${body.length}`) > 0),
  }, state);
  const second = guard({ set: (_, { body }) => told.push(`second ${body.length}`) > 0 }, state);
  const writing = first.guarded.set(keyedEntry(KEY, 1));
  assertEquals((await second.guarded.get(KEY))?.body.length, 1);
  let isOver = false;
  // The first one tells the adapter, and the other waits for that.
  const joined = second.guarded.set(keyedEntry(KEY, 2)).then(() => isOver = true);
  assertEquals((await first.guarded.get(KEY))?.body.length, 2);
  assertEquals(isOver, false);
  held.open();
  await Promise.all([writing, joined]);
  assertEquals(told, ["first 1", "first 2"]);
});

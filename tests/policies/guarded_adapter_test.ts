import { assertEquals, assertMatch } from "@std/assert";
import type { CacheAdapter, CacheEntry } from "../../src/cache/cache.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { GuardedAdapter } from "../../src/policies/guarded_adapter.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

const KEY = "v1\nGET\nhttps://a.test/?token=secret\n\n";

function entryOf(key: string, size = 3): CacheEntry {
  const times = { requestedAt: 0, storedAt: 0, initialAge: 0, freshForMs: null, removeAt: null };
  const meta = { v: 1 as const, key, url: "https://a.test/", status: 200, headers: [], vary: [], ...times };
  return { meta, body: new Uint8Array(size) };
}

function guard(adapter: Partial<CacheAdapter> | undefined) {
  const events: ClientEvent[] = [];
  const reporter = { active: true, emit: (event: ClientEvent) => void events.push(event) };
  const environment = { clock: new ManualClock(), reporter } as unknown as Environment;
  const whole = adapter === undefined ? undefined : {
    name: "test",
    maxEntryBytes: 10,
    get: () => undefined,
    set: () => true,
    delete: () => true,
    ...adapter,
  };
  return { guarded: new GuardedAdapter(environment, whole), events };
}

test("GuardedAdapter shows the adapter the hash of a key, and never the key", async () => {
  const seen: string[] = [];
  const { guarded } = guard({
    get: (key) => void seen.push(key),
    set: (key) => seen.push(key) > 0,
    delete: (key) => seen.push(key) > 0,
  });
  await guarded.get(KEY);
  await guarded.set(entryOf(KEY));
  await guarded.delete(KEY);

  assertEquals(new Set(seen).size, 1);
  assertMatch(seen[0]!, /^[0-9a-f]{64}$/);
});

test("GuardedAdapter takes an entry of another key for a miss", async () => {
  const { guarded } = guard({ get: () => entryOf("another") });
  assertEquals(await guarded.get(KEY), undefined);
});

test("GuardedAdapter offers no entry that is too large", async () => {
  let offered = 0;
  const { guarded } = guard({ set: () => ++offered > 0 });
  await guarded.set(entryOf(KEY, 11));
  await guarded.set(entryOf(KEY, 10));
  assertEquals(offered, 1);
});

test("GuardedAdapter turns faults into misses and refusals, and tells of each operation once", async () => {
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
    assertEquals(await guarded.set(entryOf(KEY)), undefined);
    assertEquals(await guarded.delete(KEY), undefined);
  }
  assertEquals(events.map(({ type }) => type), ["warning", "warning", "warning"]);
});

test("GuardedAdapter without an adapter holds nothing", async () => {
  const { guarded, events } = guard(undefined);
  await guarded.set(entryOf(KEY));
  assertEquals([await guarded.get(KEY), guarded.maxEntryBytes, events.length], [undefined, 0, 0]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CacheCallOptions } from "../../src/cache/cache.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { type CommonOptions, readPlanOptions } from "../../src/http_cache/plan_options.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { entryOf } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";

const adapter = memoryCache();
const CALL = { environment: { clock: systemClock } } as CacheCallOptions;
const RESPONSE = { status: 200, headers: new Headers(), storedAtMs: 0 };

function read(options: unknown, place: unknown = adapter) {
  return readPlanOptions("create test cache", place as typeof adapter, options as CommonOptions);
}

test("readPlanOptions() passes on the given options", () => {
  const ttlMs = (): number => 7;
  const partition = (): string => "mine";
  const read5 = read({
    ttlMs,
    partition,
    negative: { 404: 5 },
    staleWhileRevalidateMs: 6,
    staleIfErrorMs: 8,
    staleAfterMs: 9,
    maxPendingBytes: 10,
  });
  const windows = { staleWhileRevalidateMs: 6, staleIfErrorMs: 8 };
  const negative = { 404: 5 };
  const rest = { tiers: [adapter], staleAfterMs: 9, maxPendingBytes: 10 };
  assertEquals({ ...read5, adapter }, { adapter, ttlMs, partition, negative, windows, ...rest });
  assertEquals(read({}).maxPendingBytes, 64 * 1024 * 1024);
  assertEquals([read5.adapter.name, read5.adapter.maxEntryBytes], [adapter.name, adapter.maxEntryBytes]);
});

test("readPlanOptions() turns a number into a function, and leaves absent options absent", () => {
  assertEquals(read({ ttlMs: 50 }).ttlMs?.(new URL("https://a.test/x"), RESPONSE), 50);
  assertEquals([read({}).ttlMs, read({}).negative, read({}).partition], [undefined, {}, undefined]);
});

test("readPlanOptions() makes one adapter of several tiers, the fastest first", async () => {
  const [fast, slow] = [memoryCache(), memoryCache()];
  await slow.set("k", entryOf(1, { key: "k" }));
  assert(await read({}, [fast, slow]).adapter.get("k", CALL) !== undefined);
  // A hit in the slow tier is copied to the fast one.
  assert(await fast.get("k") !== undefined);
});

test("readPlanOptions() refuses a value that is no adapter, and a list of such values", () => {
  for (const place of [undefined, null, 5, "memory", {}, [], [adapter, {}], { adapter }, memoryCache]) {
    assertThrows(
      () => read({}, place === undefined ? null : place),
      TypeError,
      "Cannot create test cache as 'adapter' must be a cache adapter (name, get, set, delete), or a non-empty array of such: received",
    );
  }
});

test("readPlanOptions() refuses options that are no object, unknown options, and values of the wrong type", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, "the options must be an object: received null"],
    [5, "the options must be an object: received 5"],
    [{ ttl: 5 }, "'ttl' is not an option: did you mean 'ttlMs'?"],
    [{ staleIfError: 5 }, "'staleIfError' is not an option: did you mean 'staleIfErrorMs'?"],
    [{ mode: "http" }, "'mode' is not an option"],
    [
      { ttlMs: "5" },
      `'ttlMs' must be a number of milliseconds of at least 0, or a function that gives one: received "5"`,
    ],
    [{ ttlMs: null }, "'ttlMs' must be a number of milliseconds of at least 0"],
    [{ negative: 5 }, "'negative' must be { 404?: ms, 410?: ms }: received 5"],
    [{ negative: [5] }, "'negative' must be { 404?: ms, 410?: ms }: received an array"],
    [{ negative: { 403: 5 } }, "'negative.403' is not an option"],
    [{ negative: { 404: "5" } }, "'negative.404' must be a number of milliseconds of at least 0"],
    [{ staleIfErrorMs: "5" }, "'staleIfErrorMs' must be a number of milliseconds of at least 0"],
    [{ adapterTimeoutMs: "1" }, "'adapterTimeoutMs' must be a positive number of milliseconds, or Infinity"],
    [
      { ttlMs: async () => await 5 },
      "'ttlMs' must be a function, and not an async one: received an async function",
    ],
    [{ partition: "mine" }, `'partition' must be a function, and not an async one: received a string`],
    [
      { partition: async () => await "mine" },
      `'partition' must be a function, and not an async one: received an async function`,
    ],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => read(options), TypeError, `Cannot create test cache as ${message}`);
  }
});

test("readPlanOptions() refuses numbers out of range, and accepts those at its edges", () => {
  const named = (value: number) =>
    [
      ["ttlMs", { ttlMs: value }],
      ["negative.410", { negative: { 410: value } }],
      ["staleWhileRevalidateMs", { staleWhileRevalidateMs: value }],
      ["staleIfErrorMs", { staleIfErrorMs: value }],
      ["staleAfterMs", { staleAfterMs: value }],
    ] as const;
  for (const value of [-1, NaN, -Infinity]) {
    for (const [name, options] of named(value)) {
      assertThrows(() => read(options), RangeError, `Cannot create test cache as '${name}' must be`);
    }
  }
  for (const adapterTimeoutMs of [0, -1, NaN]) {
    const message =
      `'adapterTimeoutMs' must be a positive number of milliseconds, or Infinity: received ${adapterTimeoutMs}`;
    assertThrows(() => read({ adapterTimeoutMs }), RangeError, message);
  }
  assert(read({ adapterTimeoutMs: Infinity }));
  for (const value of [0, 0.5, Infinity]) for (const [, options] of named(value)) assert(read(options));
});

test("readPlanOptions() refuses a bad number of pending bytes", () => {
  for (const maxPendingBytes of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => read({ maxPendingBytes }), RangeError, "'maxPendingBytes' must be a positive integer");
  }
  assertThrows(() => read({ maxPendingBytes: "1" }), TypeError, "'maxPendingBytes'");
});

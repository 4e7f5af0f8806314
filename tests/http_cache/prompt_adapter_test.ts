import { Buffer } from "node:buffer";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { CacheAdapter, CacheEntry } from "../../src/cache/cache.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { PromptAdapter, type TimedCallOptions } from "../../src/http_cache/prompt_adapter.ts";
import type { Clock } from "../../src/primitives/clock.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { entryOf } from "../support/cache_entries.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { adapterWith } from "./cache_rig.ts";

const ENTRY = entryOf(3, { key: "k" });

/** Creates an adapter with a second for a read, on a clock that stands still, and records its calls. */
function setUp(members: Partial<CacheAdapter> = {}, timeoutMs = 1_000) {
  const clock = new ManualClock();
  const calls: string[] = [];
  const inner = adapterWith(members);
  const told = <T>(name: string, answer: T): T => {
    calls.push(name);
    return answer;
  };
  const adapter = new PromptAdapter({
    name: "slow",
    maxEntryBytes: 7,
    get: (key) => told("get", inner.get(key)),
    set: (key, entry) => told("set", inner.set(key, entry)),
    delete: (key) => told("delete", inner.delete(key)),
  }, timeoutMs);
  const options: TimedCallOptions = {
    environment: { clock, deadlines: new DeadlineQueue(clock), idleDeadlines: new DeadlineQueue(clock) },
  };
  return { clock, calls, adapter, options };
}

/** Creates a call that answers when the test says so. */
function held<T>(): { readonly call: () => Promise<T>; readonly answer: (value: T) => void } {
  const all: ((value: T) => void)[] = [];
  return {
    call: () => new Promise<T>((resolve) => void all.push(resolve)),
    answer: (value) => all.splice(0).forEach((resolve) => resolve(value)),
  };
}

const hang = () => new Promise<never>(() => {});

test("PromptAdapter is synchronous where its adapter is, and has its name and size", () => {
  const { clock, adapter, options } = setUp();
  assertEquals([adapter.name, adapter.maxEntryBytes], ["slow", 7]);
  assertEquals(adapter.set("k", ENTRY, options), true);
  assertEquals(adapter.get("k", options), ENTRY);
  assertEquals([adapter.delete("k", options), adapter.get("k", options), clock.pending], [
    true,
    undefined,
    0,
  ]);
});

test("PromptAdapter returns plain bytes where its adapter returns views of shared memory, as many stores do", async () => {
  const body = Buffer.from("-12-").subarray(1, 3);
  for (const entry of [{ ...ENTRY, body }, Promise.resolve({ ...ENTRY, body })]) {
    const { adapter, options } = setUp({ get: () => entry });
    const found = (await adapter.get("k", options))!;
    assertEquals([found.body.constructor, new TextDecoder().decode(found.body)], [Uint8Array, "12"]);
    assertStrictEquals(found.meta, ENTRY.meta);
  }
});

test("PromptAdapter protects its entries from changes that the adapter makes to them", async () => {
  const worst: readonly ((entry: { meta?: unknown; body?: Uint8Array<ArrayBuffer> }) => void)[] = [
    ({ body }) => body!.fill(0),
    ({ body }) => structuredClone(body, { transfer: [body!.buffer] }),
    ({ meta }) => (meta as { headers: unknown[] }).headers.push(["x", "y"]),
    (entry) => delete entry.meta,
  ];
  for (const ruin of worst) {
    for (const isAsync of [false, true]) {
      const set = (_key: string, entry: CacheEntry) => {
        if (!isAsync) return ruin(entry), true;
        return Promise.resolve().then(() => (ruin(entry), true));
      };
      const { adapter, options } = setUp({ set });
      const body = new Uint8Array([1, 2, 3]);
      const entry: CacheEntry = { meta: { ...ENTRY.meta, headers: [["a", "b"]] }, body };
      assertEquals(await adapter.set("k", entry, options), true);
      assertEquals(entry, {
        meta: { ...ENTRY.meta, headers: [["a", "b"]] },
        body: new Uint8Array([1, 2, 3]),
      });
    }
  }
});

test("PromptAdapter leaves no timer when the answer has come", async () => {
  const inner = memoryCache();
  const { clock, adapter, options } = setUp({
    get: (key) => Promise.resolve(inner.get(key)),
    set: (key, entry) => Promise.resolve(inner.set(key, entry)),
    delete: () => Promise.reject(new Error("broken")),
  });
  assertEquals(await adapter.set("k", ENTRY, options), true);
  assertEquals((await adapter.get("k", options))?.body.length, 3);
  await assertRejects(async () => await adapter.delete("k", options), Error, "broken");
  assertEquals(clock.pending, 0);
});

test("PromptAdapter rejects slow operations, a read after its time and a change after ten times that", async () => {
  for (const [operation, timeoutMs] of [["get", 1_000], ["set", 10_000], ["delete", 10_000]] as const) {
    const { clock, adapter, options } = setUp({ [operation]: hang });
    const settled = watch(Promise.resolve(
      operation === "set" ? adapter.set("k", ENTRY, options) : adapter[operation]("k", options),
    ));
    await clock.advance(timeoutMs - 1);
    assertEquals(settled.state, "pending", operation);
    await clock.advance(1);
    assertEquals(String(settled.error), `Error: The cache 'slow' did not answer within ${timeoutMs} ms`);
  }
});

test("PromptAdapter accepts an answer that came while the program was busy", async () => {
  const nowMs = { value: 0 };
  const reads = held<CacheEntry>();
  const { clock, adapter, options } = setUp({ get: reads.call });
  const busy = {
    ...options.environment,
    deadlines: new DeadlineQueue({ ...timersOf(clock), now: () => nowMs.value }),
  };
  const settled = watch(Promise.resolve(adapter.get("k", { ...options, environment: busy })));
  nowMs.value = 60_000;
  await clock.advance(950);
  assertEquals(settled.state, "pending");
  reads.answer(ENTRY);
  await clock.advance(0);
  assertStrictEquals(settled.value, ENTRY);
});

/** Creates the timers of one clock, for a client whose time comes from another. */
function timersOf(clock: ManualClock): Clock {
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

test("PromptAdapter waits for ever when it is told to", async () => {
  const { clock, adapter, options } = setUp({ get: hang }, Infinity);
  const settled = watch(Promise.resolve(adapter.get("k", options)));
  await clock.advance(1e9);
  assertEquals([settled.state, clock.pending], ["pending", 0]);
});

test("PromptAdapter then passes the adapter over for ten seconds, and tries it once after that", async () => {
  const { clock, calls, adapter, options } = setUp({ get: hang });
  const first = watch(Promise.resolve(adapter.get("k", options)));
  await clock.advance(1_000);
  assertEquals(first.state, "rejected");
  await clock.advance(9_999);
  const passed = [adapter.get("k", options), adapter.set("k", ENTRY, options), adapter.delete("k", options)];
  assertEquals([passed, calls], [[undefined, false, false], ["get"]]);
  await clock.advance(1);
  watch(Promise.resolve(adapter.get("other", options)));
  assertEquals([adapter.get("other", options), calls], [undefined, ["get", "get"]]);
  // The adapter has not answered that read either.
  await clock.advance(1_000 + 9_999);
  assertEquals([adapter.get("other", options), calls.length], [undefined, 2]);
});

test("PromptAdapter uses the adapter again once it has answered", async () => {
  let isHung = true;
  const { clock, calls, adapter, options } = setUp({ get: () => isHung ? hang() : Promise.resolve(ENTRY) });
  watch(Promise.resolve(adapter.get("k", options)));
  await clock.advance(11_000);
  isHung = false;
  assertStrictEquals(await adapter.get("k", options), ENTRY);
  assertStrictEquals(await adapter.get("k", options), ENTRY);
  assertEquals(calls.length, 3);
});

test("PromptAdapter returns no entry that could be neither replaced nor removed, until a change succeeds", () => {
  let isBroken = false;
  const unlessBroken = (): boolean => {
    if (isBroken) throw new Error("read-only");
    return true;
  };
  const { adapter, options } = setUp({ get: () => ENTRY, set: unlessBroken, delete: unlessBroken });
  const changes = [() => adapter.set("k", ENTRY, options), () => adapter.delete("k", options)];
  for (const failing of changes) {
    for (const succeeding of changes) {
      assertStrictEquals(adapter.get("k", options), ENTRY);
      isBroken = true;
      assertThrows(failing, Error, "read-only");
      assertEquals([adapter.get("k", options), adapter.get("other", options)], [undefined, ENTRY]);
      isBroken = false;
      succeeding();
    }
  }
});

test("PromptAdapter does not treat a refusal as a change", () => {
  const fail = (): never => {
    throw new Error("broken");
  };
  const { adapter, options } = setUp({ get: () => ENTRY, set: () => false, delete: fail });
  assertEquals(adapter.set("k", ENTRY, options), false);
  assertStrictEquals(adapter.get("k", options), ENTRY);
  assertThrows(() => adapter.delete("k", options), Error, "broken");
  adapter.set("k", ENTRY, options);
  assertEquals(adapter.get("k", options), undefined);
});

test("PromptAdapter returns no entry that was to be changed while the adapter was passed over", async () => {
  let isHung = true;
  const { clock, adapter, options } = setUp({ get: () => isHung ? hang() : ENTRY });
  watch(Promise.resolve(adapter.get("k", options)));
  await clock.advance(1_000);
  isHung = false;
  adapter.delete("k", options);
  await clock.advance(10_000);
  assertEquals([adapter.get("k", options), adapter.get("other", options)], [undefined, ENTRY]);
  adapter.delete("k", options);
  assertStrictEquals(adapter.get("k", options), ENTRY);
});

test("PromptAdapter returns no entry of a key for which a late change may still happen", async () => {
  const late = held<boolean>();
  let isHung = true;
  const { clock, adapter, options } = setUp({ get: () => ENTRY, set: () => isHung ? late.call() : true });
  watch(Promise.resolve(adapter.set("k", ENTRY, options)));
  await clock.advance(20_000);
  isHung = false;
  adapter.set("k", ENTRY, options);
  assertEquals(adapter.get("k", options), undefined);
  late.answer(true);
  await clock.advance(0);
  // It is unknown which of the two writes came last.
  assertEquals(adapter.get("k", options), undefined);
  adapter.set("k", ENTRY, options);
  assertStrictEquals(adapter.get("k", options), ENTRY);
});

test("PromptAdapter gives a hasty caller a miss, which does not count against the adapter", async () => {
  const reads = held<CacheEntry>();
  const { clock, calls, adapter, options } = setUp({ get: reads.call });
  const hasty = watch(Promise.resolve(adapter.get("k", { ...options, patienceMs: 10 })));
  await clock.advance(10);
  assertEquals(hasty, { state: "fulfilled", value: undefined });
  const patient = watch(Promise.resolve(adapter.get("k", options)));
  reads.answer(ENTRY);
  await clock.advance(0);
  assertEquals([patient.value === ENTRY, calls.length, clock.pending], [true, 2, 0]);
  // An adapter that answers no read at all is passed over, however hasty the callers are.
  watch(Promise.resolve(adapter.get("k", { ...options, patienceMs: 10 })));
  await clock.advance(1_000);
  assertEquals([adapter.get("k", options), calls.length], [undefined, 3]);
});

test("PromptAdapter treats an entry that the caller does not want as a miss, and rejects if that check throws", async () => {
  for (const answer of [() => ENTRY, () => Promise.resolve(ENTRY)]) {
    const { clock, adapter, options } = setUp({ get: answer });
    const isWanted = (entry: CacheEntry, key: string) => entry === ENTRY && key === "k";
    assertStrictEquals(await adapter.get("k", { ...options, isWanted }), ENTRY);
    assertEquals(await adapter.get("other", { ...options, isWanted }), undefined);
    const broken = () => {
      throw new Error("no entry");
    };
    await assertRejects(
      async () => await adapter.get("k", { ...options, isWanted: broken }),
      Error,
      "no entry",
    );
    assertEquals(clock.pending, 0);
  }
});

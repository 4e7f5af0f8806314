import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { KvKey, KvRecord, KvStore } from "../../../src/cache/kv.ts";
import { stores, type TestKv } from "../../support/kv_stores.ts";
import { test } from "../../support/test.ts";

async function list(kv: KvStore, prefix: KvKey, options?: { limit?: number; batchSize?: number }) {
  const records: KvRecord[] = [];
  for await (const record of kv.list({ prefix }, options)) records.push(record);
  return records;
}

async function keysOf(kv: KvStore, prefix: KvKey) {
  return (await list(kv, prefix)).map(({ key }) => key);
}

function eachStore(name: string, body: (kv: TestKv) => Promise<void>): void {
  for (const [store, open] of stores) {
    test(`${store} ${name}`, async () => {
      const kv = await open();
      try {
        await body(kv);
      } finally {
        try {
          kv.close();
        } catch {
          // A test has already closed the store.
        }
      }
    });
  }
}

eachStore("lists the keys below a prefix in their order, and not the prefix itself", async (kv) => {
  const below: KvKey[] = [["a", new Uint8Array([1])], ["a", ""], ["a", "b"], ["a", -1], ["a", 0], [
    "a",
    0,
    "x",
  ]];
  const more: KvKey[] = [["a", 2], ["a", 10], ["a", 1e21], ["a", false], ["a", true]];
  for (const key of [["a"], ...more, ["b"], ["aa", 1], ...below.toReversed()]) await kv.set(key, "value");
  assertEquals(await keysOf(kv, ["a"]), [...below, ...more]);
  assertEquals((await list(kv, ["a"], { limit: 3, batchSize: 2 })).map(({ key }) => key), below.slice(0, 3));
});

eachStore(
  "gives everything that one write sets the same versionstamp, and later writes a later one",
  async (kv) => {
    await kv.atomic().set(["a", 1], 1).set(["a", 2], 2).commit();
    const [one, two] = await list(kv, ["a"]);
    await kv.set(["a", 2], 3);
    const [, three] = await list(kv, ["a"]);
    assertEquals([one?.versionstamp, three?.value], [two?.versionstamp, 3]);
    assert(three!.versionstamp > one!.versionstamp);
  },
);

eachStore("writes all of an atomic or nothing", async (kv) => {
  await kv.set(["a", 1], "old");
  const tooLarge = kv.atomic().set(["a", 1], "new").delete(["a", 1]).set(["a", 2], new Uint8Array(65_537));
  await assertRejects(() => tooLarge.commit(), TypeError, "Value too large (max 65536 bytes)");
  assertEquals((await list(kv, ["a"])).map(({ value }) => value), ["old"]);
  await kv.atomic().delete(["a", 1]).delete(["a", "never was"]).set(["a", 2], "new").commit();
  assertEquals((await list(kv, ["a"])).map(({ value }) => value), ["new"]);
});

eachStore("lets the last of two changes to one key win", async (kv) => {
  await kv.atomic().set(["a"], 1).delete(["a"]).set(["b"], 1).set(["b"], 2).delete(["c"]).set(["c"], 3)
    .commit();
  const values = await Promise.all([["a"], ["b"], ["c"]].map((key) => kv.get(key)));
  assertEquals(values.map(({ value }) => value), [null, 2, 3]);
});

eachStore("takes values of 65,536 bytes, and texts by how they are kept", async (kv) => {
  for (const value of [new Uint8Array(65_536), "a".repeat(65_530), "é".repeat(65_530), "漢".repeat(32_765)]) {
    await kv.set(["a"], value);
    assertEquals((await kv.get(["a"])).value, value);
  }
  for (const value of [new Uint8Array(65_537), "a".repeat(65_531), "é".repeat(65_531), "漢".repeat(32_766)]) {
    await assertRejects(() => kv.set(["a"], value), TypeError, "Value too large (max 65536 bytes)");
  }
});

eachStore("takes keys of 2,048 bytes", async (kv) => {
  for (const part of ["k".repeat(2_046), "漢".repeat(682), "\0".repeat(1_023), new Uint8Array(1_023)]) {
    await kv.set([part], 1);
    assertEquals((await kv.get([part])).value, 1);
  }
  for (const part of ["k".repeat(2_047), "漢".repeat(683), "\0".repeat(1_024)]) {
    await assertRejects(() => kv.set([part], 1), TypeError, "Key too large for write (max 2048 bytes)");
    await assertRejects(() => kv.delete([part]), TypeError, "Key too large for write (max 2048 bytes)");
  }
  await assertRejects(
    () => kv.get(["k".repeat(2_048)]),
    TypeError,
    "Key too large for read (max 2049 bytes)",
  );
  await assertRejects(() => kv.set([], 1), TypeError, "key cannot be empty");
});

eachStore("takes a lone surrogate in a key, for any other", async (kv) => {
  await kv.set(["\ud800"], 1);
  assertEquals((await kv.get(["\udfff"])).value, 1);
});

eachStore("takes 1,000 changes of 819,200 bytes in an atomic, and batches of 1,000", async (kv) => {
  const deletions = (count: number) => {
    const atomic = kv.atomic();
    for (let index = 0; index < count; index++) atomic.delete(["a", index]);
    return atomic.commit();
  };
  await deletions(1_000);
  await assertRejects(() => deletions(1_001), TypeError, "Too many mutations (max 1000)");
  const writes = (bytes: number) => {
    const atomic = kv.atomic();
    for (let index = 0; index < 14; index++) atomic.set(["a", index], new Uint8Array(bytes));
    return atomic.commit();
  };
  await writes(58_400);
  await assertRejects(() => writes(58_600), TypeError, "Total mutation size too large (max 819200 bytes)");
  assertEquals((await list(kv, ["a"], { batchSize: 1_000 })).length, 14);
  await assertRejects(() => list(kv, ["a"], { batchSize: 1_001 }), TypeError, "Too many entries (max 1000)");
});

eachStore("keeps the bytes of a view only, as they are when they are written", async (kv) => {
  const bytes = new Uint8Array(1_000);
  const view = bytes.subarray(10, 20);
  await kv.set(["a"], view);
  view.fill(9);
  const { value } = await kv.get(["a"]);
  assert(value instanceof Uint8Array);
  assertEquals([...value], Array(10).fill(0));
  value.fill(7);
  assertEquals((await kv.get(["a"])).value, new Uint8Array(10));
});

eachStore(
  "has records after their expireIn for a while, and takes none that is no number of milliseconds",
  async (kv) => {
    await kv.set(["a"], 1, { expireIn: 0 });
    assertEquals((await kv.get(["a"])).value, 1);
    for (const expireIn of [-1, 1.5, NaN]) {
      const message = `expireIn must be a non-negative integer: received ${expireIn}`;
      assertThrows(() => kv.atomic().set(["a"], 1, { expireIn }), TypeError, message);
    }
    await kv.set(["a"], 1, { expireIn: 1e12 });
    const message = "expireIn is too large";
    await assertRejects(() => kv.set(["a"], 1, { expireIn: Number.MAX_SAFE_INTEGER }), TypeError, message);
  },
);

eachStore("reads each batch of a list at a moment of its own", async (kv) => {
  const write = (value: string) => kv.atomic().set(["a", 0], value).set(["a", 1], value).commit();
  for (const [batchSize, expected] of [[1, ["old", "new"]], [2, ["old", "old"]]] as const) {
    await write("old");
    const values: unknown[] = [];
    for await (const { value } of kv.list({ prefix: ["a"] }, { batchSize })) {
      if (values.length === 0) await write("new");
      values.push(value);
    }
    assertEquals(values, [...expected]);
  }
});

eachStore("does nothing any more when it is closed", async (kv) => {
  kv.close();
  const operations = [
    () => kv.get(["a"]),
    () => list(kv, ["a"]),
    () => kv.set(["a"], 1),
    () => kv.delete(["a"]),
  ];
  for (const operation of operations) {
    const error = await assertRejects(operation, Error, "Bad resource ID");
    assertEquals(error.name, "BadResource");
  }
});

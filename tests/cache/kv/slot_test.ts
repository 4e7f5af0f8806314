import { assertEquals } from "@std/assert";
import { readSlot, removeAll, removeSlot, sweepSlots } from "../../../src/cache/kv/slot.ts";
import type { KvKey } from "../../../src/cache/kv/store.ts";
import { MemoryKv } from "../../support/memory_kv.ts";
import { test } from "../../support/test.ts";

async function setUp(...keys: KvKey[]) {
  const kv = new MemoryKv();
  for (const key of keys) await kv.set(key, new Uint8Array(10));
  const rest = async () => {
    const found: unknown[] = [];
    for await (const { key } of kv.list({ prefix: ["a"] })) found.push(key);
    return found;
  };
  return { kv, rest };
}

test("readSlot() reads a slot in one batch, and no records that others have piled up there", async () => {
  const keys = Array.from({ length: 40 }, (_, index): KvKey => ["a", 1, "slot", index]);
  const { kv } = await setUp(...keys, ["a", 1, "slot"], ["a", 1, "slot 2", 0]);
  assertEquals((await readSlot(kv, ["a", 1, "slot"])).map(({ key }) => key), keys.slice(0, 14));
  assertEquals([kv.counts.read, await readSlot(kv, ["a", 1, "none"])], [1, []]);
});

test("removeSlot() removes a whole slot in one write, and makes none for an empty one", async () => {
  const { kv, rest } = await setUp(["a", 1, "slot", 0], ["a", 1, "slot", "x"], ["a", 1, "slot 2", 0]);
  kv.counts.write = 0;
  assertEquals([await removeSlot(kv, ["a", 1, "slot"]), await rest()], [true, [["a", 1, "slot 2", 0]]]);
  assertEquals([await removeSlot(kv, ["a", 1, "slot"]), kv.counts.write], [false, 1]);
});

test("removeSlot() leaves no part of an entry that was written meanwhile", async () => {
  const { kv, rest } = await setUp(["a", 1, "slot", 0]);
  kv.beforeOperation = async (operation) => {
    if (operation !== "write") return;
    kv.beforeOperation = () => {};
    await kv.atomic().set(["a", 1, "slot", 0], 1).set(["a", 1, "slot", 11], 1).commit();
  };
  assertEquals([await removeSlot(kv, ["a", 1, "slot"]), await rest()], [true, []]);
});

test("removeAll() removes everything below a key, and nothing beside it", async () => {
  const below = Array.from({ length: 250 }, (_, index): KvKey => ["a", 1, `${index}`, index]);
  const { kv, rest } = await setUp(...below, ["a", 1], ["a", 2, "x"], ["a", 0]);
  await removeAll(kv, ["a", 1]);
  assertEquals(await rest(), [["a", 0], ["a", 1], ["a", 2, "x"]]);
});

test("sweepSlots() judges each slot, also one that lies in two batches, and removes it whole", async () => {
  const slots = Array.from({ length: 30 }, (_, index) => String(index).padStart(2, "0"));
  const keys = slots.flatMap((slot) => [0, 1, 2, 3, 4, 5, 6].map((chunk): KvKey => ["a", 1, slot, chunk]));
  const { kv, rest } = await setUp(...keys);
  let asked = 0;
  assertEquals(await sweepSlots(kv, ["a", 1], () => ++asked > 1_000), { removed: 0, freedBytes: 0 });
  assertEquals([asked, (await rest()).length], [30, 210]);
  assertEquals(await sweepSlots(kv, ["a", 1], () => true), { removed: 30, freedBytes: 2_100 });
  assertEquals(await rest(), []);
});

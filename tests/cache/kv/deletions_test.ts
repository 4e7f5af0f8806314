import { assertEquals } from "@std/assert";
import { Deletions } from "../../../src/cache/kv/deletions.ts";
import type { KvKey } from "../../../src/cache/kv/store.ts";
import { stores } from "../../support/kv_stores.ts";
import { MemoryKv } from "../../support/memory_kv.ts";
import { test } from "../../support/test.ts";

for (const [name, open] of stores) {
  test(`Deletions removes any number of keys of any size (${name})`, async () => {
    const kv = await open();
    const deletions = new Deletions(kv);
    const part = (index: number): KvKey[number] => index % 2 === 0 ? "\0".repeat(900) : new Uint8Array(900);
    for (let index = 0; index < 100; index++) {
      await kv.set(["a", part(index), index], index);
      await deletions.add(["a", part(index), index]);
    }
    for (let index = 0; index < 2_500; index++) await deletions.add(["b", index, true, 1e300]);
    await deletions.commit();
    for await (const { key } of kv.list({ prefix: ["a"] })) assertEquals(key, []);
    kv.close();
  });
}

test("Deletions makes as few writes as possible, and none without keys", async () => {
  const kv = new MemoryKv();
  const deletions = new Deletions(kv);
  await deletions.commit();
  assertEquals(kv.counts.write, 0);
  for (let index = 0; index < 1_000; index++) await deletions.add(["a", index]);
  assertEquals(kv.counts.write, 0);
  await deletions.add(["a"]);
  await deletions.commit();
  await deletions.commit();
  assertEquals(kv.counts.write, 2);
});

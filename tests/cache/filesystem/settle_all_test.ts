import { assert, assertEquals, assertRejects } from "@std/assert";
import { settleAll } from "../../../src/cache/filesystem/settle_all.ts";
import { test } from "../../support/test.ts";

const ITEMS = Array.from({ length: 100 }, (_, index) => index);

test("settleAll() gives the results in order, and runs a bounded number at once", async () => {
  let running = 0;
  let most = 0;
  const results = await settleAll(ITEMS, async (item) => {
    most = Math.max(most, ++running);
    for (let turn = item % 7; turn > 0; turn--) await Promise.resolve();
    running--;
    return item * 2;
  });
  assertEquals(results, ITEMS.map((item) => item * 2));
  assert(most > 1 && most <= 32, `${most}`);
});

test("settleAll() tries every item, and throws the first failure after all have ended", async () => {
  for (const failing of [[50], [50, 70]]) {
    const tried: number[] = [];
    const run = async (item: number) => {
      await Promise.resolve();
      tried.push(item);
      if (failing.includes(item)) throw new Error(`failed at ${item}`);
    };
    await assertRejects(() => settleAll(ITEMS, run), Error, "failed at 50");
    assertEquals(tried, ITEMS);
  }
});

test("settleAll() calls nothing without items", async () => {
  assertEquals(await settleAll([], () => Promise.reject(new Error("called"))), []);
});

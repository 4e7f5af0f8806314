import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { pendingRealWork, realWork, realWorkEnd } from "../../src/primitives/real_work.ts";
import { test } from "../support/test.ts";

test("realWork() counts work until it comes to its end, whichever", async () => {
  const before = pendingRealWork();
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  assertStrictEquals(realWork(first.promise), first.promise);
  const failing = realWork(second.promise);
  assertEquals(pendingRealWork() - before, 2);
  first.resolve(5);
  assertEquals([await first.promise, pendingRealWork() - before], [5, 1]);
  second.reject(new Error("EIO"));
  await assertRejects(() => failing, Error, "EIO");
  assertEquals(pendingRealWork() - before, 0);
});

test("realWorkEnd() waits for the end of any work, and says whether there was one", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  realWork(promise);
  assertEquals(await realWorkEnd(0), false);
  const [one, other] = [realWorkEnd(600_000), realWorkEnd(600_000)];
  resolve();
  assertEquals(await Promise.all([one, other]), [true, true]);
});

test("realWork() is counted by all copies of the module together", async () => {
  const copy = await import("../../src/primitives/real_work.ts?copy" as string) as {
    pendingRealWork(): number;
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const before = copy.pendingRealWork();
  realWork(promise);
  assertEquals(copy.pendingRealWork() - before, 1);
  resolve();
  await promise;
  assertEquals(copy.pendingRealWork() - before, 0);
});

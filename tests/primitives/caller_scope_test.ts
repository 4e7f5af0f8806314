import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals, assertRejects } from "@std/assert";
import { CallerScope } from "../../src/primitives/caller_scope.ts";
import { microtasks } from "../support/microtasks.ts";
import { test } from "../support/test.ts";

test("CallerScope.run() runs the functions of other callers in the context in which it was created, in order", async () => {
  const storage = new AsyncLocalStorage<string>();
  const scope = storage.run("own", () => new CallerScope());
  const seen: (string | undefined)[] = [];
  const work = (name: string) => async () => {
    seen.push(name, storage.getStore());
    await microtasks(2);
    return storage.getStore();
  };
  const runs = [storage.run("b", () => scope.run(work("1"))), storage.run("c", () => scope.run(work("2")))];
  assertEquals(seen, []);
  assertEquals(await Promise.all(runs), ["own", "own"]);
  assertEquals(await storage.run("d", () => scope.run(work("3"))), "own");
  assertEquals(seen, ["1", "own", "2", "own", "3", "own"]);
});

test("CallerScope.run() rejects with the function's error, runs nested calls, and goes on", async () => {
  const scope = new CallerScope();
  const failing = scope.run(() => Promise.reject(new RangeError("refused")));
  const nested = scope.run(() => scope.run(() => Promise.resolve("within")));
  await assertRejects(() => failing, RangeError, "refused");
  assertEquals(await nested, "within");
});

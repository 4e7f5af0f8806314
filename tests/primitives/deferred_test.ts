import { assertEquals, assertRejects } from "@std/assert";
import { deferred } from "../../src/primitives/deferred.ts";
import { test } from "../support/test.ts";

test("deferred() is settled once, from outside", async () => {
  const { promise, resolve, reject } = deferred<number>();
  resolve(1);
  resolve(2);
  reject(new Error("late"));
  assertEquals(await promise, 1);
});

test("deferred() follows a promise, and rejects with what it is given", async () => {
  const followed = deferred<string>();
  followed.resolve(Promise.resolve("followed"));
  assertEquals(await followed.promise, "followed");
  const refused = deferred<string>();
  refused.reject(new RangeError("refused"));
  await assertRejects(() => refused.promise, RangeError, "refused");
});

import { assertEquals, assertRejects } from "@std/assert";
import { deferred, deferredAcrossRequests } from "../../src/primitives/deferred.ts";
import { test } from "../support/test.ts";

for (const [name, make] of Object.entries({ deferred, deferredAcrossRequests })) {
  test(`${name}() is settled once, from outside`, async () => {
    const { promise, resolve, reject } = make<number>();
    resolve(1);
    resolve(2);
    reject(new Error("late"));
    assertEquals(await promise, 1);
  });

  test(`${name}() follows a promise, and rejects with the given reason`, async () => {
    const followed = make<string>();
    followed.resolve(Promise.resolve("followed"));
    assertEquals(await followed.promise, "followed");
    const refused = make<string>();
    refused.reject(new RangeError("refused"));
    await assertRejects(() => refused.promise, RangeError, "refused");
  });
}

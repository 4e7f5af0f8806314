import { assertEquals } from "@std/assert";
import { isAdaptiveLimit } from "../../src/client/is_adaptive_limit.ts";
import { AdaptiveLimit, Semaphore } from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";

test("isAdaptiveLimit() knows one by what it does, and nothing else", () => {
  const limit = new AdaptiveLimit();
  const others = [undefined, null, 5, {}, new Semaphore(5), { record() {}, tryAcquire() {} }];
  assertEquals(isAdaptiveLimit(limit), true);
  for (const other of others) assertEquals(isAdaptiveLimit(other), false);
});

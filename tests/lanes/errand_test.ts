import { assertEquals } from "@std/assert";
import { fallAsleep, wakeUp } from "../../src/lanes/errand.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

test("fallAsleep() and wakeUp() count a request of a batch once, however often they are called", () => {
  const allowance = fakeAllowance(1);
  const call = fakeCall({ allowance });
  const seen: unknown[] = [];
  for (const change of [fallAsleep, fallAsleep, wakeUp, wakeUp, fallAsleep]) {
    change(call);
    seen.push([call.isAsleep, allowance.active, allowance.asleep]);
  }
  assertEquals(seen, [[true, 0, 1], [true, 0, 1], [false, 1, 0], [false, 1, 0], [true, 0, 1]]);
});

test("fallAsleep() and wakeUp() need no batch", () => {
  const call = fakeCall();
  fallAsleep(call);
  assertEquals(call.isAsleep, true);
  wakeUp(call);
  assertEquals(call.isAsleep, false);
});

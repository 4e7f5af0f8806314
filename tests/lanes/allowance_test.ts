import { assertEquals } from "@std/assert";
import { Allowance } from "../../src/lanes/allowance.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp(concurrency = 3, maxWaiting = 2) {
  const seen: [number, number][] = [];
  const allowance: Allowance = new Allowance(concurrency, maxWaiting, () => {
    seen.push([allowance.active, allowance.asleep]);
  });
  return { allowance, seen };
}

test("Allowance begins with nothing used, and with more to come", () => {
  const { allowance, seen } = setUp(3, 2);
  const { active, asleep, hasMore, concurrency, maxWaiting } = allowance;
  assertEquals({ active, asleep, hasMore, concurrency, maxWaiting }, {
    active: 0,
    asleep: 0,
    hasMore: true,
    concurrency: 3,
    maxWaiting: 2,
  });
  assertEquals(seen, []);
});

test("Allowance.fallAsleep() makes an active request wait, and reports the room afterwards", () => {
  const { allowance, seen } = setUp();
  allowance.active = 3;
  allowance.fallAsleep();
  allowance.fallAsleep();
  assertEquals([allowance.active, allowance.asleep], [1, 2]);
  assertEquals(seen, [[2, 1], [1, 2]]);
});

test("Allowance.wakeUp() makes a waiting request active, and reports no room while others may wait anyway", () => {
  const { allowance, seen } = setUp(3, 2);
  allowance.asleep = 1;
  allowance.wakeUp();
  assertEquals([allowance.active, allowance.asleep, seen], [1, 0, []]);
});

test("Allowance.wakeUp() reports room when as many requests were waiting as may", () => {
  const { allowance, seen } = setUp(5, 2);
  allowance.asleep = 4;
  // More requests wait than may: with one fewer there is still no room.
  allowance.wakeUp();
  allowance.wakeUp();
  assertEquals(seen, []);
  allowance.wakeUp();
  assertEquals(seen, [[3, 1]]);
  allowance.wakeUp();
  assertEquals([allowance.active, allowance.asleep, seen.length], [4, 0, 1]);
});

test("Allowance has fewer places while second attempts take them, and reports room when they end", () => {
  const { allowance, seen } = setUp(3);
  allowance.active = 2;
  allowance.takePlace();
  allowance.refuse(fakeLane("https://a.test"));
  assertEquals([allowance.concurrency, allowance.takeRefused(), seen], [2, undefined, []]);
  allowance.givePlaceBack();
  assertEquals([allowance.concurrency, allowance.takeRefused()?.isClaiming, seen], [3, false, [[2, 0]]]);
});

test("Allowance gives back each lane that found no room once, and only while there is room", () => {
  const { allowance } = setUp(2);
  const [a, b] = [fakeLane("https://a.test"), fakeLane("https://b.test")];
  assertEquals([allowance.hasRefused, allowance.takeRefused()], [false, undefined]);
  allowance.active = 2;
  for (const lane of [a, b, a, b, a]) allowance.refuse(lane);
  assertEquals([allowance.hasRefused, allowance.takeRefused()], [true, undefined]);

  allowance.active = 1;
  const first = allowance.takeRefused();
  assertEquals(allowance.hasRefused, true);
  assertEquals(new Set([first, allowance.takeRefused()]), new Set([a, b]));
  assertEquals([allowance.takeRefused(), allowance.hasRefused], [undefined, false]);
});

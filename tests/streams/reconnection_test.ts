import { assert, assertEquals } from "@std/assert";
import { Reconnection } from "../../src/streams/reconnection.ts";
import { test } from "../support/test.ts";

function reconnection({ maxAttempts = Infinity, chance = 0 } = {}): Reconnection {
  return new Reconnection({ maxAttempts, random: () => chance });
}

test("Reconnection.waitMs() is 3 s, or the server's wait, as long as events come", () => {
  const own = reconnection();
  for (const retryMs of [undefined, 0, 10, 5_000]) {
    assert(own.mayFollow(0, true));
    assertEquals(own.waitMs(retryMs), retryMs ?? 3_000);
  }
});

test("Reconnection.waitMs() doubles with each further connection in vain, up to a minute", () => {
  const own = reconnection();
  const waits = Array.from({ length: 7 }, () => {
    own.mayFollow(0, false);
    return own.waitMs();
  });
  assertEquals(waits, [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  own.mayFollow(0, true);
  assertEquals(own.waitMs(), 3_000);
});

test("Reconnection.waitMs() also grows where the server asks for 0, and is never below the server's wait", () => {
  const hasty = reconnection();
  const slow = reconnection();
  const waits = Array.from({ length: 4 }, () => {
    hasty.mayFollow(0, false);
    slow.mayFollow(0, false);
    return [hasty.waitMs(0), slow.waitMs(100_000)];
  });
  assertEquals(waits, [[0, 100_000], [2_000, 100_000], [4_000, 100_000], [8_000, 100_000]]);
});

test("Reconnection.waitMs() is longer by up to a half at random, and heeds at most an hour", () => {
  assertEquals(reconnection({ chance: 0.5 }).waitMs(), 3_750);
  assertEquals(reconnection().waitMs(1e300), 3_600_000);
});

test("Reconnection.waitMs() does not grow while quiet connections last longer than it", () => {
  const own = reconnection({ maxAttempts: 2 });
  for (const lastedMs of [1_001, 3_001, 3_001, 60_000]) {
    assert(own.mayFollow(lastedMs, false));
    assertEquals(own.waitMs(), 3_000);
  }
});

test("Reconnection.mayFollow() is false after too many connections in a row in vain", () => {
  const own = reconnection({ maxAttempts: 3 });
  const follow = (gotEvents: boolean): boolean => own.mayFollow(0, gotEvents);
  assertEquals([follow(false), follow(false), follow(true), follow(false), follow(false), follow(false)], [
    true,
    true,
    true,
    true,
    true,
    false,
  ]);
  assertEquals(reconnection({ maxAttempts: 1 }).mayFollow(0, false), false);
});

test("Reconnection.mayFollow() counts a quiet connection that lasts no longer than the wait before it", () => {
  const own = reconnection({ maxAttempts: 2 });
  assert(own.mayFollow(0, false));
  assertEquals(own.waitMs(), 3_000);
  assertEquals(own.mayFollow(3_000, false), false);
});

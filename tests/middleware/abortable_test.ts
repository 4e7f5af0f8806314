import { assertEquals, assertStrictEquals } from "@std/assert";
import { abortable, sleep } from "../../src/middleware/abortable.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

const reason = new Error("enough");

test("abortable() returns the promise's value, or throws its error", async () => {
  const { signal } = new AbortController();
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  assertStrictEquals(await abortable(Promise.reject(reason), signal).catch((error) => error), reason);
});

test("abortable() rejects with the signal's reason, at once, and handles a late rejection", async () => {
  const work = Promise.withResolvers<void>();
  const controller = new AbortController();
  const waiting = abortable(work.promise, controller.signal).catch((error) => error);
  controller.abort(reason);
  assertStrictEquals(await waiting, reason);
  work.reject(new Error("late"));
  const refused = abortable(Promise.reject(new Error("late")), controller.signal);
  assertStrictEquals(await refused.catch((error) => error), reason);
});

test("sleep() lasts for its time, and leaves no timer behind when the signal ends it", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  let isAwake = false;
  const asleep = sleep(100, { clock, signal: controller.signal }).then(() => void (isAwake = true));
  await clock.advance(99);
  assertEquals(isAwake, false);
  await clock.advance(1);
  await asleep;
  const aborted = sleep(100, { clock, signal: controller.signal }).catch((error) => error);
  assertEquals(clock.pending, 1);
  controller.abort(reason);
  assertStrictEquals(await aborted, reason);
  assertStrictEquals(await sleep(1, { clock, signal: controller.signal }).catch((error) => error), reason);
  assertEquals(clock.pending, 0);
});

test("sleep() lasts longer than one timer can, and for any time", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const longMs = 2 ** 31 + 1_000;
  let isAwake = false;
  const asleep = sleep(longMs, { clock, signal: controller.signal }).then(() => void (isAwake = true));
  await clock.advance(longMs - 1);
  assertEquals(isAwake, false);
  await clock.advance(1);
  await asleep;
  const endless = sleep(Infinity, { clock, signal: controller.signal }).catch((error) => error);
  assertEquals(clock.pending, 0);
  controller.abort(reason);
  assertStrictEquals(await endless, reason);
});

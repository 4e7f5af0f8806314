import { assertEquals, assertStrictEquals } from "@std/assert";
import { type LearnLimits, limitLearner } from "../../src/client/limit_learning.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** Returns how long an option makes a lane wait after an answer, and its warnings. */
function afterAnswer(option: LearnLimits, init: Record<string, string>) {
  const clock = new ManualClock();
  const warnings: (readonly [string, unknown])[] = [];
  const warn = (message: string, error?: unknown): void => void warnings.push([message, error]);
  const learner = limitLearner(option, { clock, maxWaitMs: 60_000 }, warn);
  const lane = fakeLane();
  learner.learn(lane, {
    headers: new Headers(init),
    isOk: true,
    nowMs: 0,
    receipt: undefined,
    inFlight: 0,
    openOfKey: 1,
  });
  return { waitMs: lane.book?.blockedUntilMs(0), warnings };
}

test("limitLearner() reads the usual headers, the named ones, or the result of a function", () => {
  const usual = { "ratelimit-limit": "5", "ratelimit-remaining": "0", "ratelimit-reset": "3" };
  assertEquals(afterAnswer(true, usual), { waitMs: 3_000, warnings: [] });
  const own = (headers: Headers) => [
    { remaining: Number(headers.get("left")), resetMs: 700 },
  ];
  assertEquals(afterAnswer(own, { left: "0" }), { waitMs: 700, warnings: [] });
  assertEquals(afterAnswer(own, { left: "1" }).warnings, []);
  const named = { limits: "x-limits", counts: "x-counts" };
  for (const sources of [named, [named]]) {
    const { waitMs, warnings } = afterAnswer(sources, { "x-limits": "5:10", "x-counts": "5:10" });
    assertEquals([waitMs, warnings], [10_000, []]);
  }
});

test("limitLearner() bounds the wait for a limit, except where the caller names its headers", () => {
  assertEquals(afterAnswer(true, { "ratelimit-policy": '"a";q=1;w=3600' }).waitMs, 60_000);
  const own = () => [{ limit: 1, windowMs: 3_600_000 }];
  assertEquals(afterAnswer(own, {}).waitMs, 60_000);
  assertEquals(afterAnswer({ limits: "x-limits" }, { "x-limits": "1:3600" }).waitMs, 3_600_000);
});

test("limitLearner() learns nothing, and warns, if a function throws, or returns no list or one with holes", () => {
  const failure = new Error("no");
  const throws = afterAnswer(() => {
    throw failure;
  }, {});
  assertEquals([throws.waitMs, throws.warnings.length], [undefined, 1]);
  assertStrictEquals(throws.warnings[0]?.[1], failure);
  const none = afterAnswer(() => 5 as never, {});
  assertEquals(none, {
    waitMs: undefined,
    warnings: [["'learnLimits' must give an array: received 5", undefined]],
  });
  assertEquals(afterAnswer(() => [null, 5] as never, {}), { waitMs: undefined, warnings: [] });
});

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Origin, Origins, type Pause } from "../../src/policies/origin.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp() {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock });
  const bucket = new TokenBucket({ limit: 2, intervalMs: 1_000, burst: 2, clock });
  return { clock, breaker, bucket, origin: new Origin("https://a.test", breaker, bucket) };
}

function pauseUntil(untilMs: number, status = 429): Pause {
  return { untilMs, status, headers: new Headers() };
}

test("Origin.settle() counts successes and failures, here and in the breaker, and ignores the rest", () => {
  const { origin, breaker } = setUp();
  for (const result of ["success", "ignored", "success"] as const) origin.settle(breaker.enter(), result);
  assertEquals([origin.succeeded, origin.failed, breaker.state], [2, 0, "closed"]);
  origin.settle(breaker.enter(), "failure");
  assertEquals([origin.succeeded, origin.failed, breaker.state], [2, 1, "open"]);

  const plain = new Origin("https://b.test", undefined, undefined);
  plain.settle(0, "failure");
  assertEquals([plain.failed, plain.isHealthy(0), plain.isQuiet], [1, true, true]);
});

test("Origin.pauseFor() makes a pause longer, and never shorter", () => {
  const { origin } = setUp();
  assertEquals(origin.pauseLeftMs(0), 0);
  origin.pauseFor(pauseUntil(100));
  origin.pauseFor(pauseUntil(50, 503));
  origin.pauseFor(pauseUntil(100, 503));
  assertEquals([origin.pauseLeftMs(0), origin.pauseLeftMs(30), origin.pause?.status], [100, 70, 429]);
  origin.pauseFor(pauseUntil(200, 503));
  assertEquals([origin.pauseLeftMs(0), origin.pause?.status], [200, 503]);
});

test("Origin.pauseLeftMs() forgets a pause that has passed, so that the next one is in force", () => {
  const { origin } = setUp();
  origin.pauseFor(pauseUntil(100));
  assertEquals([origin.pauseLeftMs(99), origin.pauseLeftMs(100), origin.pause], [1, 0, undefined]);
  origin.pauseFor(pauseUntil(150));
  assertEquals(origin.pauseLeftMs(120), 30);
});

test("Origin.isHealthy() says whether an attempt would be sent now", async () => {
  const { origin, breaker, clock } = setUp();
  assert(origin.isHealthy(clock.now()));
  origin.settle(breaker.enter(), "failure");
  assert(!origin.isHealthy(clock.now()));
  await clock.advance(100);
  assert(origin.isHealthy(clock.now()));
  origin.pauseFor(pauseUntil(clock.now() + 10));
  assert(!origin.isHealthy(clock.now()));
  await clock.advance(10);
  assert(origin.isHealthy(clock.now()));
});

test("Origin is quiet without a pause, a failure that counts, or a token that was taken", async () => {
  const { origin, breaker, bucket, clock } = setUp();
  assert(origin.isQuiet);
  bucket.tryTake();
  assert(!origin.isQuiet);
  await clock.advance(1_000);
  assert(origin.isQuiet);
  origin.pauseFor(pauseUntil(clock.now() + 1));
  assert(!origin.isQuiet);
  assertEquals(origin.pauseLeftMs(clock.now() + 1), 0);
  assert(origin.isQuiet);
  origin.settle(breaker.enter(), "failure");
  assert(!origin.isQuiet);
});

test("Origins.get() makes one record for each key, and keeps them in the order in which they were met", () => {
  const made: string[] = [];
  const origins = new Origins((key) => {
    made.push(key);
    return new Origin(key, undefined, undefined);
  });
  const first = origins.get("https://b.test");
  origins.get("https://a.test");
  assertStrictEquals(origins.get("https://b.test"), first);
  assertEquals(made, ["https://b.test", "https://a.test"]);
  assertEquals([...origins.values()].map(({ key }) => key), made);
});

test("Origins forgets quiet origins above 1,024, and none that matters", () => {
  const origins = new Origins((key) => new Origin(key, undefined, undefined));
  const paused = origins.get("0");
  paused.pauseFor(pauseUntil(100));
  const quiet = origins.get("1");
  for (let index = 2; index < 1_024; index++) origins.get(`${index}`);
  assertEquals([...origins.values()].length, 1_024);

  origins.get("new");
  assertEquals([...origins.values()].length < 1_024, true);
  assertStrictEquals(origins.get("0"), paused);
  assertNotStrictEquals(origins.get("1"), quiet);
});

test("Origins keeps every origin that matters, however many there are", () => {
  const origins = new Origins((key) => new Origin(key, undefined, undefined));
  for (let index = 0; index < 1_100; index++) origins.get(`${index}`).pauseFor(pauseUntil(100));
  assertEquals([...origins.values()].every(({ pause }) => pause !== undefined), true);
  assertEquals([...origins.values()].length, 1_100);
});

import { assertEquals } from "@std/assert";
import { Outage } from "../../src/lanes/outage.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

/** Creates the outage of a breaker that opened at 0. */
function setUp(cooldownMs: number) {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs, clock });
  const outage = new Outage(breaker);
  const fail = (): void => breaker.settle(breaker.enter(outage.cooldownCapMs), "failure");
  fail();
  return { clock, outage, fail };
}

/** A request with this patience, whose batch began at this time. */
const patient = (patienceMs: number, batchBeganAtMs = -Infinity) => ({ patienceMs, batchBeganAtMs });

test("Outage.limitCooldown() caps the cooldown at the first one while a request is patient", async () => {
  const { clock, outage, fail } = setUp(100);
  outage.begin(0, 0);
  // Three probes fail: the breaker's own cooldown is then 800 ms.
  for (const cooldownMs of [100, 200, 400]) {
    await clock.advance(cooldownMs);
    fail();
  }
  outage.limitCooldown(30_000);
  assertEquals(outage.cooldownCapMs, 100);
  outage.limitCooldown(Infinity);
  assertEquals(outage.cooldownCapMs, Infinity);
});

test("Outage.limitCooldown() caps the cooldown at a tenth of the outage's age if that is longer than the first one", () => {
  const { outage } = setUp(2_000);
  outage.limitCooldown(30_000);
  assertEquals(outage.cooldownCapMs, 2_000);
  outage.begin(-25_000, 0);
  outage.limitCooldown(30_000);
  assertEquals(outage.cooldownCapMs, 2_500);
  outage.begin(-5_000, 0);
  outage.limitCooldown(30_000);
  assertEquals(outage.cooldownCapMs, 2_000);
});

test("Outage.limitCooldown() ends the cooldown no later than the patience, when the last probe is due", () => {
  const { outage } = setUp(2_000);
  outage.begin(0, 0);
  outage.limitCooldown(300);
  assertEquals([outage.patienceEndMs, outage.cooldownCapMs], [300, 300]);
  outage.limitCooldown(-1);
  assertEquals(outage.cooldownCapMs, 0);
});

test("Outage.limitCooldown() caps nothing where there is no breaker", () => {
  const outage = new Outage(undefined);
  outage.limitCooldown(300);
  assertEquals(outage.cooldownCapMs, Infinity);
});

test("Outage.shortenCooldown() goes by the least patient request, and ignores those without patience", () => {
  const { outage } = setUp(2_000);
  outage.shortenCooldown(patient(100), -Infinity);
  assertEquals(outage.patienceEndMs, Infinity);
  outage.begin(0, 0);
  outage.shortenCooldown(patient(0), -Infinity);
  assertEquals(outage.patienceEndMs, Infinity);
  // The last probe has been made for the request that is patient until 150.
  outage.shortenCooldown(patient(150), 150);
  assertEquals(outage.patienceEndMs, Infinity);
  for (const patienceMs of [800, 300, 500]) outage.shortenCooldown(patient(patienceMs), 150);
  assertEquals([outage.patienceEndMs, outage.cooldownCapMs], [300, 300]);
});

test("Outage.patienceEnd() counts from the beginning of the outage, or from now", () => {
  const { outage } = setUp(100);
  assertEquals(outage.patienceEnd(patient(1_000), 40), 1_040);
  outage.begin(10, 0);
  assertEquals(outage.patienceEnd(patient(1_000), 40), 1_010);
  outage.end();
  assertEquals(outage.patienceEnd(patient(1_000, 500), 40), 1_500);
  assertEquals([outage.sinceMs, outage.patienceEnd(patient(1_000), 40)], [undefined, 1_040]);
});

test("Outage.begin() resumes an outage that only headers have ended, until an attempt succeeds", () => {
  const outage = new Outage(undefined);
  outage.begin(500, 0);
  assertEquals(outage.sinceMs, 500);
  outage.end();
  outage.doubt(100, 3);
  outage.begin(500, 3);
  assertEquals(outage.sinceMs, 100);
  outage.begin(500, 4);
  assertEquals(outage.sinceMs, 500);
});

test("Outage.isDoubtful is true in an outage that resumes after headers alone, and false in a new one", () => {
  const outage = new Outage(undefined);
  outage.begin(100, 3);
  assertEquals(outage.isDoubtful, false);
  outage.doubt(100, 4);
  outage.end();
  outage.begin(200, 4);
  assertEquals(outage.isDoubtful, true);
  // Headers have ended the outage again, and then one body came whole.
  outage.doubt(100, 5);
  outage.end();
  outage.begin(300, 6);
  assertEquals(outage.isDoubtful, false);
  outage.doubt(300, 7);
  outage.settle();
  outage.begin(400, 7);
  assertEquals(outage.isDoubtful, false);
});

test("Outage.settle() takes the doubt away: the next outage is a new one", () => {
  const outage = new Outage(undefined);
  outage.doubt(100, 3);
  outage.settle();
  outage.begin(500, 3);
  assertEquals(outage.sinceMs, 500);
});

test("Outage.shortenCooldown() counts patience from the beginning of the outage, whenever that is", async () => {
  const clock = new ManualClock({ nowMs: 5_000 });
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 2_000, clock });
  const outage = new Outage(breaker);
  breaker.settle(breaker.enter(), "failure");
  outage.begin(5_000, 0);
  await clock.advance(100);
  outage.shortenCooldown(patient(700), -Infinity);
  assertEquals([outage.patienceEndMs, outage.cooldownCapMs], [5_700, 700]);
});

import { assert, assertEquals } from "@std/assert";
import { TokenLevel } from "../../src/primitives/token_level.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("TokenLevel starts full and never holds more than the burst", () => {
  const level = new TokenLevel(1, 10, 0);
  assertEquals([level.tokens, level.burst], [10, 10]);
  level.observe(1e9, false);
  assertEquals(level.tokens, 10);
});

test("TokenLevel keeps fractions", () => {
  const level = new TokenLevel(1, 10, 0);
  assertEquals(level.take(10), true);
  for (let step = 1; step <= 25; step++) level.observe(step / 10, false);

  assert(Math.abs(level.tokens - 2.5) < 1e-9);
  assertEquals([level.take(2), level.take(1)], [true, false]);
});

test("TokenLevel forgives rounding errors, and carries them on, so that they do not add up", () => {
  const level = new TokenLevel(1, 1, 0);
  level.take(1);
  let granted = 0;
  for (let step = 1; step <= 20; step++) {
    level.observe(step * (1 - 3e-10), false);
    if (!level.take(1)) break;
    granted++;
  }

  assertEquals(granted, 3);
});

test("TokenLevel makes up for 5 ms of lateness for waiting callers, and for no others", () => {
  for (const [isServing, tokens] of [[true, 15], [false, 10]] as const) {
    const level = new TokenLevel(1, 10, 0);
    level.take(10);
    level.observe(1_000, isServing);
    assertEquals(level.tokens, tokens);
  }
});

test("TokenLevel does not make up for a pause", () => {
  const level = new TokenLevel(1, 10, 0);
  level.take(10);
  level.pauseUntil(100);
  level.observe(99, true);
  assertEquals([level.tokens, level.take(1)], [10, false]);
  level.observe(200, true);
  assertEquals([level.tokens, level.take(1)], [10, true]);
});

test("TokenLevel.waitMs() is the wait for tokens or for the pause, whichever is longer", () => {
  const level = new TokenLevel(0.5, 10, 0);
  level.take(10);
  assertEquals(level.waitMs(3), 6);
  level.pauseUntil(4);
  assertEquals([level.waitMs(1), level.waitMs(3)], [4, 6]);
  assertEquals(level.waitMs(11), Infinity);
  level.observe(6, true);
  assert(level.take(3));
});

test("TokenLevel.waitMs() is long enough to move any clock", () => {
  const level = new TokenLevel(1e6, 1, 0);
  level.take(1);
  assert(level.waitMs(1) >= 1e-3);
});

test("TokenLevel neither adds nor loses tokens when time goes back, and the next token is no later than usual", () => {
  const level = new TokenLevel(0.01, 10, 3_600_000);
  level.take(10);
  level.observe(3_600_050, false);
  level.observe(50, false);
  assertEquals(level.tokens, 0.5);
  level.observe(100, false);
  assertEquals([level.tokens, level.take(1)], [1, true]);
});

test("TokenLevel keeps the remaining pause when time goes back", () => {
  const level = new TokenLevel(1, 10, 3_600_000);
  level.pauseUntil(3_600_100);
  level.observe(3_600_040, false);
  level.observe(0, false);
  assertEquals([level.waitMs(1), level.pausedUntilMs], [60, 60]);
});

test("TokenLevel.setRate() changes future tokens, not those that are there", () => {
  const level = new TokenLevel(1, 10, 0);
  level.take(6);
  level.setRate(0.1, 20);
  assertEquals([level.tokens, level.burst], [4, 20]);
  level.observe(10, false);
  assertEquals(level.tokens, 5);
  level.setRate(0.1, 2);
  assertEquals(level.tokens, 2);
});

test("TokenLevel grants at most burst + rate · t in any window, and nearly all of that under full demand (S12)", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seededRandom(seed);
    const [tokensPerMs, burst] = [0.001 + random() * 2, 1 + Math.floor(random() * 20)];
    const level = new TokenLevel(tokensPerMs, burst, 0);
    const grants: [atMs: number, n: number][] = [];
    let nowMs = 0;
    for (let step = 0; step < 300; step++) {
      const dice = random();
      if (dice < 0.3) nowMs += random() * 10;
      else if (dice < 0.35) nowMs += random() * 100_000;
      level.observe(nowMs, false);
      const n = random() < 0.5 ? 1 : random() * burst;
      if (level.take(n)) grants.push([nowMs, n]);
    }
    for (let from = 0; from < grants.length; from++) {
      let sum = 0;
      for (const [atMs, n] of grants.slice(from)) {
        sum += n;
        assert(sum <= burst + tokensPerMs * (atMs - grants[from]![0]) + 1e-6);
      }
    }
  }
});

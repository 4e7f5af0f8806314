import { assert, assertEquals, assertThrows } from "@std/assert";
import { backoff, type BackoffJitter, type BackoffOptions } from "../../src/primitives/backoff.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const JITTERS: readonly BackoffJitter[] = ["additive", "full", "equal", "decorrelated", "none"];

test("backoff() refuses bad options, naming them", () => {
  const cases: [Record<string, unknown>, typeof RangeError | typeof TypeError, string][] = [
    [
      { factor: 0.5 },
      RangeError,
      "Cannot create backoff as 'factor' must be a number of at least 1: received 0.5",
    ],
    [{ factor: NaN }, RangeError, "'factor'"],
    [{ factor: Infinity }, RangeError, "'factor'"],
    [{ factor: "2" }, TypeError, "'factor'"],
    [{ baseMs: -1 }, RangeError, "'baseMs'"],
    [{ baseMs: NaN }, RangeError, "'baseMs'"],
    [{ maxMs: -1 }, RangeError, "'maxMs'"],
    [{ maxMs: NaN }, RangeError, "'maxMs'"],
    [{ jitterMs: Infinity }, RangeError, "'jitterMs'"],
    [{ jitter: "some" }, TypeError, `"decorrelated" or "none": received "some"`],
    [{ random: 0.5 }, TypeError, "'random'"],
    [{ base: 5 }, TypeError, "'base' is not an option"],
    [{ random: async () => await Promise.resolve(0.5) }, TypeError, "'random'"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => backoff(options as BackoffOptions), type, message);
  }
});

test("backoff() refuses a retry that is no positive integer, a bad previous delay, and bad random numbers", () => {
  for (const retry of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => backoff()(retry),
      RangeError,
      "Cannot compute delay as 'retry' must be a positive integer",
    );
  }
  assertThrows(() => backoff()("1" as unknown as number), TypeError, "'retry'");
  assertThrows(() => backoff()(1, -1), RangeError, "'previousMs'");
  assertThrows(() => backoff()(1, NaN), RangeError, "'previousMs'");
  assertThrows(() => backoff()(1, "5" as unknown as number), TypeError, "'previousMs'");
  for (const chance of [-0.1, 1.1, NaN]) {
    assertThrows(() => backoff({ random: () => chance })(1), RangeError, "'random()'");
  }
});

test("backoff() is min(factor^n · base + U(0, jitter), max) by default: about 2, 4, 8 s (S3)", () => {
  const delays = (chance: number) =>
    [1, 2, 3, 4, 5, 6, 7].map((retry) => backoff({ random: () => chance })(retry));
  assertEquals(delays(0), [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assertEquals(delays(0.5), [2_500, 4_500, 8_500, 16_500, 32_500, 60_000, 60_000]);
  const delayMs = backoff({ factor: 3, baseMs: 10, maxMs: 100, jitterMs: 4, random: () => 1 });
  assertEquals([1, 2, 3, 4].map((retry) => delayMs(retry)), [34, 94, 100, 100]);
});

test("backoff() with each jitter follows its formula", () => {
  const delay = (jitter: BackoffJitter, chance: number, retry: number, previousMs?: number) =>
    backoff({ jitter, baseMs: 100, maxMs: 1_000, random: () => chance })(retry, previousMs);
  assertEquals([0, 0.5, 1].map((chance) => delay("full", chance, 2)), [0, 200, 400]);
  assertEquals([0, 0.5, 1].map((chance) => delay("full", chance, 9)), [0, 500, 1_000]);
  assertEquals([0, 0.5, 1].map((chance) => delay("equal", chance, 2)), [200, 300, 400]);
  assertEquals([0, 0.5, 1].map((chance) => delay("equal", chance, 9)), [500, 750, 1_000]);
  assertEquals([0, 0.5, 1].map((chance) => delay("none", chance, 3)), [800, 800, 800]);
  assertEquals([0, 0.5, 1].map((chance) => delay("decorrelated", chance, 1)), [100, 200, 300]);
  assertEquals([0, 0.5, 1].map((chance) => delay("decorrelated", chance, 2, 200)), [100, 350, 600]);
  assertEquals([0, 0.5, 1].map((chance) => delay("decorrelated", chance, 3, 900)), [100, 550, 1_000]);
  assertEquals([0, 0.5, 1].map((chance) => delay("decorrelated", chance, 2, 0)), [100, 100, 100]);
});

test("backoff() stays within 0 and the longest delay, and is always a finite number", () => {
  const random = seededRandom(3);
  const options: BackoffOptions[] = [
    {},
    { baseMs: 0 },
    { baseMs: 0, jitterMs: 0 },
    { maxMs: 0 },
    { maxMs: 10, baseMs: 1_000 },
    { factor: 1 },
    { factor: 1e300 },
    { baseMs: 1e300, maxMs: 1e305 },
    { maxMs: Infinity },
    { baseMs: 1e308, maxMs: Infinity, jitterMs: 1e308 },
    { baseMs: 5e-324, maxMs: Infinity },
  ];
  for (const jitter of JITTERS) {
    for (const option of options) {
      const delayMs = backoff({ jitter, ...option, random });
      for (const retry of [1, 2, 3, 10, 52, 1_023, 1_024, 1_100, 1_000_000]) {
        for (const previousMs of [undefined, 0, 1, 1e9, 1e308, Infinity]) {
          const ms = delayMs(retry, previousMs);
          assert(ms >= 0 && ms <= (option.maxMs ?? 60_000) && Number.isFinite(ms), `${jitter} ${ms}`);
        }
      }
    }
  }
});

test("backoff() draws evenly from each jitter's range, over 100,000 draws", () => {
  const ranges: [BackoffJitter, number, number][] = [
    ["additive", 800, 1_000],
    ["full", 0, 800],
    ["equal", 400, 800],
    ["decorrelated", 100, 600],
  ];
  for (const [jitter, fromMs, toMs] of ranges) {
    const options = { jitter, baseMs: 100, jitterMs: 200, random: seededRandom(11) };
    const delayMs = backoff(options);
    const quarters = [0, 0, 0, 0];
    for (let draw = 0; draw < 100_000; draw++) {
      const ms = delayMs(3, 200);
      assert(ms >= fromMs && ms <= toMs);
      quarters[Math.floor(4 * (ms - fromMs) / (toMs - fromMs))]!++;
    }
    assert(quarters.every((count) => count > 24_000 && count < 26_000), String(quarters));
  }
});

test("backoff() gives the same delays for the same random numbers", () => {
  const sequence = () => {
    const delayMs = backoff({ jitter: "decorrelated", random: seededRandom(7) });
    const delays: number[] = [];
    for (let retry = 1; retry <= 10; retry++) delays.push(delayMs(retry, delays.at(-1)));
    return delays;
  };
  assertEquals(sequence(), sequence());
  assertEquals(new Set(sequence()).size > 5, true);
});

test("backoff() refuses a value that is no options object", () => {
  for (const options of [null, 5, "x", true, () => 1] as never[]) {
    assertThrows(
      () => backoff(options),
      TypeError,
      "Cannot create backoff as the options must be an object: received",
    );
  }
});

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { RetryBudget, type RetryBudgetOptions, workingTimeOf } from "../../src/primitives/retry_budget.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function withdrawAll(budget: RetryBudget): number {
  let withdrawn = 0;
  while (budget.tryWithdraw()) withdrawn++;
  return withdrawn;
}

test("RetryBudget refuses bad options, naming them", () => {
  const cases: [Record<string, unknown>, typeof RangeError | typeof TypeError, string][] = [
    [
      { ratio: -0.1 },
      RangeError,
      "Cannot create retry budget as 'ratio' must be a number of at least 0: received -0.1",
    ],
    [{ ratio: NaN }, RangeError, "'ratio'"],
    [{ minPerSecond: -1 }, RangeError, "'minPerSecond'"],
    [{ minPerSecond: Infinity }, RangeError, "'minPerSecond'"],
    [{ windowMs: 0 }, RangeError, "'windowMs'"],
    [{ windowMs: "1" }, TypeError, "'windowMs'"],
    [{ clock: null }, TypeError, "'clock'"],
    [{ perSecond: 1 }, TypeError, "'perSecond' is not an option"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => new RetryBudget(options as RetryBudgetOptions), type, message);
  }
});

test("RetryBudget gives 20 % of the requests, or 10 a second if that is more, by default (S10)", () => {
  const budget = new RetryBudget({ clock: new ManualClock() });
  assertEquals(budget.balance, 100);
  for (let request = 0; request < 500; request++) budget.deposit();
  assertEquals(budget.balance, 100);
  for (let request = 0; request < 500; request++) budget.deposit();
  assertEquals(budget.balance, 200);
  assertEquals([withdrawAll(budget), budget.balance], [200, 0]);
});

test("RetryBudget of 20 % lets 1,000 failing requests make at most 200 retries", () => {
  const clock = new ManualClock();
  const budget = new RetryBudget({ clock, minPerSecond: 1 });
  let retries = 0;
  for (let request = 0; request < 1_000; request++) {
    budget.deposit();
    for (let retry = 0; retry < 3; retry++) if (budget.tryWithdraw()) retries++;
    clock.jump(5);
  }

  assertEquals(retries, 200);
});

test("RetryBudget without a reserve allows no retry before there were requests", () => {
  const budget = new RetryBudget({ minPerSecond: 0, clock: new ManualClock() });
  for (let request = 0; request < 4; request++) budget.deposit();
  assertEquals(budget.tryWithdraw(), false);
  budget.deposit();
  assertEquals([budget.tryWithdraw(), budget.tryWithdraw()], [true, false]);
});

test("RetryBudget loses nothing to rounding", () => {
  const budget = new RetryBudget({ ratio: 0.29, minPerSecond: 0, clock: new ManualClock() });
  for (let request = 0; request < 100; request++) budget.deposit();
  assertEquals(withdrawAll(budget), 29);
});

test("RetryBudget forgets requests and retries outside of the window", () => {
  const clock = new ManualClock();
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 1, windowMs: 1_000, clock });
  for (let request = 0; request < 10; request++) budget.deposit();
  assertEquals([withdrawAll(budget), budget.balance], [5, 0]);
  clock.jump(1_000);
  assertEquals([budget.balance, withdrawAll(budget)], [1, 1]);
  clock.jump(1_000_000);
  assertEquals(budget.balance, 1);
});

test("RetryBudget accepts the time from a caller that has just read the clock", () => {
  const budget = new RetryBudget({ ratio: 1, minPerSecond: 0, windowMs: 1_000, clock: new ManualClock() });
  budget.deposit(0);
  budget.deposit(2_000);
  assertEquals([budget.tryWithdraw(2_500), budget.tryWithdraw(2_500)], [true, false]);
});

test("RetryBudget gives back a retry that succeeded, and one more (S10)", () => {
  const clock = new ManualClock();
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0, windowMs: 1_000, clock });
  for (let request = 0; request < 20; request++) budget.deposit();
  assertEquals([withdrawAll(budget), budget.balance], [10, 0]);
  budget.restore();
  assertEquals([withdrawAll(budget), budget.balance], [2, 0]);
  for (let success = 0; success < 100; success++) budget.restore();
  assertEquals(budget.balance, 10);
  clock.jump(2_000);
  assertEquals(budget.balance, 0);
});

test("RetryBudget arms no timer", () => {
  const clock = new ManualClock();
  const budget = new RetryBudget({ clock });
  budget.deposit();
  budget.tryWithdraw();
  assertEquals(clock.pending, 0);
});

test("RetryBudget keeps the retries of the window within the larger of ratio · requests and the reserve at each retry (S10)", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const clock = new ManualClock();
    const [ratio, minPerSecond, windowMs] = [random(), random() * 5, 10_000];
    const budget = new RetryBudget({ ratio, minPerSecond, windowMs, clock });
    const requests: number[] = [];
    const retries: number[] = [];
    for (let step = 0; step < 3_000; step++) {
      clock.jump(random() < 0.01 ? random() * 8_000 : random() * 20);
      if (random() < 0.6) {
        budget.deposit();
        requests.push(clock.now());
        continue;
      }
      const balance = budget.balance;
      assertEquals(budget.tryWithdraw(), balance >= 1 - 1e-9);
      if (balance < 1 - 1e-9) continue;
      retries.push(clock.now());
      // The budget's own window is nine tenths of this one to all of it.
      const recent = (moments: number[], ageMs: number) =>
        moments.filter((at) => at > clock.now() - ageMs).length;
      const most = Math.max(ratio * recent(requests, windowMs), minPerSecond * windowMs / 1_000);
      assert(recent(retries, 0.9 * windowMs) <= most + 1e-6);
    }
    assert(retries.length > 20);
  }
});

test("RetryBudget allows exactly its share, despite rounding", () => {
  for (let percent = 1; percent <= 100; percent++) {
    for (const requests of [1, 7, 25, 100, 300]) {
      const budget = new RetryBudget({ ratio: percent / 100, minPerSecond: 0, clock: new ManualClock() });
      for (let request = 0; request < requests; request++) budget.deposit();
      assertEquals(withdrawAll(budget), Math.floor(percent * requests / 100), `${percent} % of ${requests}`);
    }
    const reserve = new RetryBudget({
      ratio: 0,
      minPerSecond: percent / 100,
      windowMs: 100_000,
      clock: new ManualClock(),
    });
    assertEquals(withdrawAll(reserve), percent);
  }
});

test("RetryBudget() refuses a value that is no options object", () => {
  for (const options of [null, 5, "x", true, () => 1] as never[]) {
    assertThrows(
      () => new RetryBudget(options),
      TypeError,
      "Cannot create retry budget as the options must be an object: received",
    );
  }
});

test("RetryBudget does not count the outages of any client that shares it, whichever reads it meanwhile (S10)", () => {
  const clock = new ManualClock();
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0, windowMs: 10_000, clock });
  const time = workingTimeOf(budget);
  for (let request = 0; request < 4; request++) budget.deposit();
  time.begin(clock.now());
  clock.jump(30_000);
  assertEquals([budget.balance, budget.tryWithdraw()], [2, true]);
  time.end(0, clock.now());
  clock.jump(5_000);
  assertEquals([budget.balance, budget.tryWithdraw(), budget.tryWithdraw()], [1, true, false]);
  clock.jump(6_000);
  assertEquals([budget.balance, budget.tryWithdraw()], [0, false]);
});

test("RetryBudget still counts the requests from before an outage after it (S10)", async () => {
  const clock = new ManualClock({ nowMs: 1_000 });
  const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0, clock });
  for (let nth = 0; nth < 100; nth++) budget.deposit();
  const time = workingTimeOf(budget);
  time.begin(1_000);
  await clock.advance(20_000);
  time.end(1_000, clock.now());
  budget.deposit();
  assertAlmostEquals(budget.balance, 20.2);
  await clock.advance(5_000);
  budget.deposit();
  assertAlmostEquals(budget.balance, 20.4);
});

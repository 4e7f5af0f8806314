import { assert, assertEquals } from "@std/assert";
import type { LimitAlgorithm } from "../../src/primitives/adaptive_limit_options.ts";
import { LimitEstimator } from "../../src/primitives/limit_estimator.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { queueing, refusing, type Service, simulate, type Simulation } from "./limit_simulation.ts";

const SEEDS = [1, 2, 3, 4, 5];
const INITIAL = [4, 256];
const ALGORITHMS: readonly LimitAlgorithm[] = ["gradient", "aimd"];

/** Simulates a limit before a service, from an initial value. */
function run(
  service: Service,
  { initial = 4, algorithm = "gradient", lastsMs = 20_000, demand }:
    & { initial?: number; algorithm?: LimitAlgorithm }
    & Partial<Simulation> = {},
) {
  const estimator = new LimitEstimator({ initial, max: 512, algorithm });
  const { limits, successesMs, dropsMs } = simulate({ estimator, service, lastsMs, demand });
  return {
    estimator,
    limits,
    dropsMs,
    /** The successes per second between two times. */
    rate: (fromMs: number, toMs: number) =>
      successesMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length / (toMs - fromMs) * 1_000,
    /** All limits that held between two times. */
    between: (fromMs: number, toMs: number) => {
      const before = limits.findLast(({ atMs }) => atMs <= fromMs)!;
      const then = limits.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
      return [before, ...then].map(({ limit }) => limit);
    },
  };
}

/** Checks that all limits are in a range. */
function assertWithin(limits: readonly number[], least: number, most: number, what: string): void {
  const [low, high] = [Math.min(...limits), Math.max(...limits)];
  assert(low >= least && high <= most, `${what}: ${low} to ${high}, not ${least} to ${most}`);
}

/** Draws a time that differs from the mean by up to a share. */
const around = (meanMs: number, share: number, random: () => number): number =>
  meanMs * (1 - share + 2 * share * random());

for (const initial of INITIAL) {
  test(`LimitEstimator finds a knee at 32 from ${initial} within 3 seconds, and stays there`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const { rate, between } = run(queueing(() => 32, () => around(50, 0.5, random)), { initial });
      assert(rate(2_000, 3_000) >= 0.9 * 640, `seed ${seed}: ${rate(2_000, 3_000)}/s in the third second`);
      assert(rate(3_000, 20_000) >= 0.95 * 640, `seed ${seed}: ${rate(3_000, 20_000)}/s later`);
      assertWithin(between(3_500, 20_000), 26, 52, `seed ${seed}`);
    }
  });

  for (const algorithm of ALGORITHMS) {
    for (const refusalMs of [2, 50]) {
      test(`LimitEstimator (${algorithm}) stays below a limit where requests are refused after ${refusalMs} ms, from ${initial}`, () => {
        for (const seed of SEEDS) {
          const random = seededRandom(seed);
          const service = refusing(() => 32, () => around(50, 0.3, random), refusalMs);
          const { rate, between } = run(service, { initial, algorithm });
          assert(
            rate(2_000, 3_000) >= 0.9 * 640,
            `seed ${seed}: ${rate(2_000, 3_000)}/s in the third second`,
          );
          assert(rate(3_000, 20_000) >= 0.95 * 640, `seed ${seed}: ${rate(3_000, 20_000)}/s later`);
          assertWithin(between(4_000, 20_000), 22, 40, `seed ${seed}`);
        }
      });
    }
  }

  test(`LimitEstimator tolerates one latency in fifty of ten times the rest, from ${initial}`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const service = queueing(() => 32, () => around(50, 0.2, random) * (random() < 0.02 ? 10 : 1));
      const { rate, between } = run(service, { initial });
      assert(rate(3_000, 20_000) >= 0.9 * 640 / 1.18, `seed ${seed}: ${rate(3_000, 20_000)}/s`);
      assertWithin(between(4_000, 20_000), 24, 64, `seed ${seed}`);
    }
  });

  test(`LimitEstimator tolerates two kinds of work, of which one takes ten times as long, from ${initial}`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const { rate, between } = run(queueing(() => 32, () => random() < 0.5 ? 10 : 100), { initial });
      assert(rate(5_000, 20_000) >= 0.9 * 32_000 / 55, `seed ${seed}: ${rate(5_000, 20_000)}/s`);
      assertWithin(between(5_000, 20_000), 16, 100, `seed ${seed}`);
    }
  });

  test(`LimitEstimator keeps its limit when a service becomes three times slower for good, from ${initial}`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const service = queueing(() => 32, (nowMs) => around(nowMs < 10_000 ? 50 : 150, 0.2, random));
      const { rate, between } = run(service, { initial, lastsMs: 40_000 });
      assert(rate(12_000, 40_000) >= 0.9 * 640 / 3, `seed ${seed}: ${rate(12_000, 40_000)}/s`);
      assertWithin(between(10_000, 40_000), 12, 80, `seed ${seed}`);
      assertWithin(between(20_000, 40_000), 24, 64, `seed ${seed}, later`);
    }
  });

  test(`LimitEstimator goes down with a service that loses most of its capacity, and up again, from ${initial}`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      let slots = 50;
      const queue = queueing(() => slots, () => around(100, 0.5, random));
      const service: Service = (nowMs) => {
        slots = nowMs > 10_000 && nowMs < 25_000 ? 15 : 50;
        return queue(nowMs);
      };
      const { rate, between } = run(service, { initial, lastsMs: 40_000 });
      assert(rate(5_000, 10_000) >= 475, `seed ${seed}: ${rate(5_000, 10_000)}/s before`);
      assert(rate(12_000, 25_000) >= 0.9 * 150, `seed ${seed}: ${rate(12_000, 25_000)}/s in between`);
      assert(rate(28_000, 40_000) >= 0.9 * 500, `seed ${seed}: ${rate(28_000, 40_000)}/s afterwards`);
      assert(between(10_000, 25_000).at(-1)! <= 40, `seed ${seed}`);
    }
  });

  test(`LimitEstimator resumes where it was after an idle time, from ${initial}`, () => {
    const random = seededRandom(1);
    const service = queueing(() => 32, () => around(50, 0.2, random));
    const demand = (nowMs: number): number => nowMs > 5_000 && nowMs < 65_000 ? 0 : Infinity;
    const { rate, between } = run(service, { initial, demand, lastsMs: 80_000 });
    assert(rate(65_000, 66_000) >= 0.9 * 640, `${rate(65_000, 66_000)}/s`);
    assertWithin(between(5_000, 80_000), 24, 64, "from the idle time on");
  });

  test(`LimitEstimator recovers after an outage, from ${initial}`, () => {
    const random = seededRandom(1);
    const queue = refusing(() => 32, () => around(50, 0.2, random), 2);
    const service: Service = (nowMs) =>
      nowMs > 5_000 && nowMs < 8_000 ? { latencyMs: 2, isDropped: true } : queue(nowMs);
    const { rate, between } = run(service, { initial, lastsMs: 20_000 });
    assert(Math.min(...between(5_000, 8_000)) <= 2);
    assert(rate(10_500, 20_000) >= 0.9 * 640, `${rate(10_500, 20_000)}/s`);
  });
}

for (const algorithm of ALGORITHMS) {
  test(`LimitEstimator (${algorithm}) does not grow while less than half of it is used`, () => {
    const random = seededRandom(1);
    const service = queueing(() => 1_000, () => around(50, 0.2, random));
    const { estimator } = run(service, { initial: 20, algorithm, demand: () => 9 });
    assertEquals(estimator.limit, 20);
  });

  test(`LimitEstimator (${algorithm}) grows to its maximum where no sample speaks against it`, () => {
    const { estimator } = run(() => ({ latencyMs: 50, isDropped: false }), { algorithm });
    assertEquals(estimator.limit, 512);
  });

  test(`LimitEstimator (${algorithm}) tolerates drops that no limit changes`, () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const queue = queueing(() => 32, () => around(50, 0.2, random));
      const service: Service = (nowMs) => random() < 0.05 ? { latencyMs: 5, isDropped: true } : queue(nowMs);
      const { rate } = run(service, { initial: 32, algorithm, lastsMs: 30_000 });
      assert(rate(10_000, 30_000) >= 0.85 * 640, `seed ${seed}: ${rate(10_000, 30_000)}/s`);
    }
  });

  test(`LimitEstimator (${algorithm}) keeps within its bounds, whatever the samples`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const [min, span] = [1 + Math.floor(5 * random()), Math.floor(50 * random())];
      const [dropShare, mostMs] = [random() ** 3, 1_000 * random()];
      const estimator = new LimitEstimator({ min, max: min + span, initial: min, algorithm });
      for (let nowMs = 0, nth = 0; nth < 3_000; nth++) {
        nowMs += 20 * random() ** 4;
        const before = estimator.limit;
        const hasChanged = estimator.note(
          mostMs * random(),
          1 + Math.floor(60 * random()),
          random() < dropShare,
          nowMs,
        );
        assertEquals(hasChanged, estimator.limit !== before);
        assert(Number.isInteger(estimator.limit) && estimator.limit >= min && estimator.limit <= min + span);
      }
    }
  });
}

test("LimitEstimator.note() makes one decision a window, however many samples there are", () => {
  const { limits } = run(queueing(() => 10_000, () => 0.5), { initial: 1, lastsMs: 1_000 });
  for (let index = 1; index < limits.length; index++) {
    assert(limits[index]!.atMs - limits[index - 1]!.atMs >= 100);
  }
  assert(limits.length > 3);
});

test("LimitEstimator.note() makes no decision on fewer than ten samples", () => {
  const estimator = new LimitEstimator({ initial: 4 });
  for (let nth = 1; nth <= 10; nth++) assertEquals(estimator.note(10, 4, true, 1_000 * nth), false, `${nth}`);
});

test("LimitEstimator.note() counts only work that began after the last decision", () => {
  const estimator = new LimitEstimator({ initial: 100, algorithm: "aimd" });
  let nowMs = 1_000;
  for (; estimator.limit === 100; nowMs += 5) estimator.note(10, 100, true, nowMs);
  assertEquals(estimator.limit, 50);
  // All these attempts began before.
  for (let nth = 1; nth <= 1_000; nth++) {
    assertEquals(estimator.note(nth + 20, 100, true, nowMs + nth), false);
  }
});

test("LimitEstimator falls below what was in flight when requests were refused, if that was less than the limit", () => {
  for (const algorithm of ALGORITHMS) {
    const estimator = new LimitEstimator({ initial: 100, algorithm });
    for (let nowMs = 1_000; estimator.limit === 100; nowMs += 5) estimator.note(10, 20, true, nowMs);
    assertEquals(estimator.limit, 10);
  }
});

test("LimitEstimator.isNew is false after the first sample", () => {
  const estimator = new LimitEstimator({});
  assertEquals(estimator.isNew, true);
  estimator.note(10, 1, false, 10);
  estimator.note(10, 1, false, 30);
  estimator.note(10, 1, false, 50);
  assertEquals(estimator.isNew, false);
});

test("LimitEstimator goes on at once after a clock that goes back", () => {
  for (const algorithm of ALGORITHMS) {
    for (const backMs of [60_000, 86_400_000]) {
      for (const hasJustChanged of [false, true]) {
        const estimator = new LimitEstimator({ initial: 20, max: 512, algorithm });
        let nowMs = 1e9;
        const work = (isDropped: boolean): void => {
          for (let n = 0; n < 400; n++) {
            estimator.note(50, estimator.limit, isDropped && n % 2 === 0, nowMs += 5);
          }
        };
        work(false);
        const { limit } = estimator;
        while (hasJustChanged && estimator.limit === limit) estimator.note(50, limit, true, nowMs += 5);
        nowMs -= backMs;
        const before = estimator.limit;
        work(true);
        assert(estimator.limit < before, `${algorithm}: ${estimator.limit} after ${before}`);
      }
    }
  }
});

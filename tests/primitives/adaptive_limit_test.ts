import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AdaptiveLimit,
  type AdaptiveLimitOptions,
  type LimitOutcome,
} from "../../src/primitives/adaptive_limit.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { test } from "../support/test.ts";
import { watch } from "../support/settled.ts";

function setUp(options: AdaptiveLimitOptions = {}) {
  const clock = new ManualClock();
  return { clock, limit: new AdaptiveLimit({ clock, algorithm: "aimd", ...options }) };
}

/** Makes work end with an outcome, 10 ms each, until the limit changes. */
function recordUntilChange({ clock, limit }: ReturnType<typeof setUp>, outcome: LimitOutcome): void {
  const before = limit.limit;
  const permits = Array.from({ length: limit.limit }, () => limit.semaphore.tryAcquire());
  for (let nth = 0; limit.limit === before && nth < 1_000; nth++) {
    clock.jump(10);
    limit.record(10, outcome);
  }
  for (const permit of permits) permit?.release();
  assert(limit.limit !== before);
}

test("AdaptiveLimit.tryAcquire() gives as many places as the limit allows", () => {
  const { limit } = setUp({ initial: 3 });
  const places = Array.from({ length: 5 }, () => limit.tryAcquire());

  assertEquals(places.map((place) => place !== undefined), [true, true, true, false, false]);
  assertEquals([limit.limit, limit.inFlight, limit.max], [3, 3, 256]);
});

test("AdaptiveLimit.acquire() waits for a place, by priority, and leaves the line with its signal", async () => {
  const { limit } = setUp({ initial: 1 });
  const first = await limit.acquire();
  const controller = new AbortController();
  const low = watch(limit.acquire());
  const gone = watch(limit.acquire({ signal: controller.signal }));
  const high = watch(limit.acquire({ priority: 1 }));
  assertEquals(limit.waiting, 3);
  controller.abort(new Error("gone"));
  first.release();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();

  assertEquals([low.state, gone.state, high.state], ["pending", "rejected", "fulfilled"]);
  assertEquals([limit.inFlight, limit.waiting], [1, 1]);
});

test("AdaptivePermit.release() gives the place back and reports once, also with a bad outcome", async () => {
  const { clock, limit } = setUp({ initial: 8 });
  const [first, second] = [await limit.acquire(), await limit.acquire()];
  first.release();
  for (let nth = 0; nth < 1_000; nth++) {
    clock.jump(10);
    first.release("dropped");
  }
  first[Symbol.dispose]();
  assertEquals([limit.inFlight, limit.limit], [1, 8]);
  assertThrows(
    () => second.release("lost" as LimitOutcome),
    TypeError,
    "Cannot record sample as 'outcome' must be 'success', 'dropped' or 'ignored': received \"lost\"",
  );
  assertEquals(limit.inFlight, 0);
});

test("AdaptivePermit.release() reports one result", () => {
  const { clock, limit } = setUp({ initial: 20, max: 20 });
  for (let nth = 0; nth < 100; nth++) {
    const places = Array.from({ length: 20 }, () => limit.tryAcquire()!);
    clock.jump(50);
    for (const place of places) for (const outcome of ["success", "dropped"] as const) place.release(outcome);
    assertEquals(limit.limit, 20);
  }
});

test("AdaptivePermit reports no result when it is disposed", () => {
  const { clock, limit } = setUp({ initial: 4 });
  for (let nth = 0; nth < 1_000; nth++) {
    const places = Array.from({ length: 4 }, () => limit.tryAcquire()!);
    clock.jump(50);
    for (const place of places) place[Symbol.dispose]();
  }
  assertEquals(limit.limit, 4);
});

test("AdaptiveLimit grows with successes and falls with drops", () => {
  const rig = setUp({ initial: 16 });
  recordUntilChange(rig, "success");
  assertEquals(rig.limit.limit, 32);
  recordUntilChange(rig, "dropped");
  assertEquals(rig.limit.limit, 16);
});

test("AdaptiveLimit.record() wakes waiting callers when the limit grows", async () => {
  const rig = setUp({ initial: 4 });
  const { limit, clock } = rig;
  const places = Array.from({ length: 4 }, () => limit.tryAcquire()!);
  const waiting = Array.from({ length: 6 }, () => watch(limit.acquire()));
  while (limit.limit === 4) {
    clock.jump(10);
    limit.record(10);
  }
  await clock.advance(0);

  assertEquals(waiting.map(({ state }) => state).filter((state) => state === "fulfilled").length, 4);
  assertEquals([limit.inFlight, limit.waiting], [8, 2]);
  for (const place of places) place.release("ignored");
});

test("AdaptiveLimit that falls lets running work end, and admits no one before", async () => {
  const { clock, limit } = setUp({ initial: 16 });
  const places = Array.from({ length: 16 }, () => limit.tryAcquire()!);
  const next = watch(limit.acquire());
  while (limit.limit === 16) {
    clock.jump(10);
    limit.record(10, "dropped");
  }
  assertEquals([limit.limit, limit.inFlight], [8, 16]);
  for (const place of places.splice(0, 8)) place.release("ignored");
  await clock.advance(0);
  assertEquals([next.state, limit.inFlight], ["pending", 8]);
  places.pop()!.release("ignored");
  await clock.advance(0);
  assertEquals([next.state, limit.inFlight], ["fulfilled", 8]);
});

test("AdaptiveLimit.run() records the duration of successes, and drops by their errors", async () => {
  const overload = [
    Object.assign(new Error("late"), { name: "TimeoutError" }),
    Object.assign(new Error("429"), { status: 429 }),
    Object.assign(new Error("503"), { status: 503 }),
  ];
  const others = [
    new Error("bug"),
    Object.assign(new Error("404"), { status: 404 }),
    new DOMException("", "AbortError"),
    null,
    undefined,
    429,
    "TimeoutError",
  ];
  for (const error of [...overload, ...others]) {
    const { clock, limit } = setUp({ initial: 4, min: 1 });
    for (let nth = 0; nth < 40; nth++) {
      const all = Array.from({ length: 4 }, () => {
        return limit.run(async () => {
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
          throw error;
        }).catch((thrown) => assertStrictEquals(thrown, error));
      });
      await clock.run(Promise.all(all));
    }
    if (overload.includes(error as Error)) assert(limit.limit < 4, `${error}`);
    else assertEquals(limit.limit, 4, `${error}`);
    assertEquals([limit.inFlight, limit.waiting], [0, 0]);
  }
});

test("AdaptiveLimit.run() records nothing when `isOverload` throws, and gives the place back", async () => {
  const isOverload = () => {
    throw new Error("its own");
  };
  const { limit } = setUp({ isOverload });
  const error = await assertRejects(() => limit.run(() => Promise.reject(new Error("work"))));
  assertEquals([(error as Error).message, limit.inFlight], ["work", 0]);
});

test("AdaptiveLimit.run() calls nothing for a signal that has aborted, and refuses a bad function", async () => {
  const { limit } = setUp();
  let calls = 0;
  await assertRejects(
    () => limit.run(() => calls++, { signal: AbortSignal.abort(new Error("gone")) }),
    Error,
    "gone",
  );
  await assertRejects(() => limit.run(5 as unknown as () => void), TypeError, "'fn' must be a function");
  assertEquals([calls, limit.inFlight], [0, 0]);
});

test("AdaptiveLimit refuses a bad signal, and loses no place", async () => {
  const limit = new AdaptiveLimit({ initial: 1, max: 1 });
  for (const signal of NO_SIGNALS) {
    using _place = limit.tryAcquire()!;
    await assertRejects(() => limit.acquire({ signal }), TypeError, "'signal'");
    await assertRejects(() => limit.run(() => 1, { signal }), TypeError, "'signal'");
  }
  assertEquals([limit.inFlight, limit.waiting], [0, 0]);
});

test("AdaptiveLimit: a bad latency, clock or callback is refused with its name", () => {
  const { limit } = setUp();
  assertThrows(() => limit.record(-1), RangeError, "'latencyMs' must be a number of at least 0: received -1");
  assertThrows(() => limit.record(NaN), RangeError, "'latencyMs'");
  assertThrows(() => limit.record("1" as unknown as number), TypeError, "'latencyMs'");
  assertThrows(() => new AdaptiveLimit({ clock: {} as ManualClock }), TypeError, "'clock' must be a clock");
  assertThrows(
    () => new AdaptiveLimit({ isOverload: 1 as unknown as () => boolean }),
    TypeError,
    "'isOverload'",
  );
});

test("AdaptiveLimit × resize: a capacity that was set by hand holds until the limit changes", () => {
  const rig = setUp({ initial: 16 });
  rig.limit.semaphore.resize(3);
  assertEquals(rig.limit.limit, 3);
  recordUntilChange(rig, "dropped");
  // The number in flight was too much.
  assertEquals(rig.limit.limit, 2);
  rig.limit.semaphore.resize(100);
  assertEquals(rig.limit.tryAcquire() !== undefined, true);
});

test("AdaptiveLimit never has more in flight than it allowed when the last was admitted", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const { clock, limit } = setUp({
      initial: 1 + Math.floor(20 * random()),
      algorithm: random() < 0.5 ? "aimd" : "gradient",
      isOverload: () => true,
    });
    let active = 0;
    let before = limit.limit;
    const violations: string[] = [];
    const look = (): void => {
      const { inFlight } = limit;
      // A lower limit takes no permit away, but admits no one.
      if (inFlight > Math.max(before, limit.limit) || active > inFlight) {
        violations.push(
          `${active} run, ${inFlight} are in flight, after ${before}: ${limit.limit} are allowed`,
        );
      }
      before = inFlight;
    };
    const work = async (): Promise<void> => {
      active++;
      look();
      const isDropped = random() < 0.02 * active / 10;
      await new Promise<void>((resolve) =>
        clock.setTimeout(resolve, 50 * random() * Math.max(1, active / 20))
      );
      look();
      active--;
      if (isDropped) throw new Error("dropped");
    };
    const all = Array.from({ length: 2_000 }, (_, nth) => {
      const signal = nth % 7 === 0 ? AbortSignal.abort() : undefined;
      return limit.run(work, { signal }).catch(() => {});
    });
    await clock.run(Promise.all(all));
    assertEquals([violations, active, limit.inFlight, limit.waiting], [[], 0, 0, 0], `seed ${seed}`);
  }
});

test("AdaptiveLimit measures how long work takes, wherever its clock begins", async () => {
  const limitsFrom = async (nowMs: number): Promise<number[]> => {
    const clock = new ManualClock({ nowMs });
    const limit = new AdaptiveLimit({ clock, initial: 8 });
    const random = seededRandom(1);
    const limits: number[] = [];
    for (let round = 0; round < 60; round++) {
      const typicalMs = round < 30 ? 20 : 400;
      const work = Array.from({ length: limit.limit }, () => {
        const tookMs = typicalMs * (1 + random());
        return limit.run(() => new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs)));
      });
      await clock.run(Promise.all(work));
      limits.push(limit.limit);
    }
    return limits;
  };
  const limits = await limitsFrom(0);
  assert(new Set(limits).size > 3, `${limits}`);
  assertEquals(await limitsFrom(3_600_000), limits);
});

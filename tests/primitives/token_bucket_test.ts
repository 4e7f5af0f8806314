import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { MAX_TIMER_MS } from "../../src/primitives/clock.ts";
import { TokenBucket, type TokenBucketOptions } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { LosingClock } from "../support/losing_clock.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { RecordingClock } from "../support/recording_clock.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { type Settled, watch } from "../support/settled.ts";

/** Creates a bucket of 10 tokens, with one more each 100 ms, unless options differ. */
function setUp(options: Partial<TokenBucketOptions> = {}): { clock: ManualClock; bucket: TokenBucket } {
  const clock = new ManualClock({ nowMs: 1_000 });
  return { clock, bucket: new TokenBucket({ limit: 10, intervalMs: 1_000, clock, ...options }) };
}

/** Takes all available tokens, and returns how many there were. */
function drain(bucket: TokenBucket): number {
  let taken = 0;
  while (bucket.tryTake()) taken++;
  return taken;
}

/** Checks the bound of every window: at most burst + rate · (t + latenessMs) tokens are granted in t milliseconds. */
function assertBound(
  grants: [atMs: number, n: number][],
  burst: number,
  perMs: number,
  latenessMs: number,
): void {
  for (let from = 0; from < grants.length; from++) {
    let sum = 0;
    for (let to = from; to < grants.length; to++) {
      sum += grants[to]![1];
      const lengthMs = grants[to]![0] - grants[from]![0];
      assert(sum <= burst + perMs * (lengthMs + latenessMs) + 1e-6, `${sum} in ${lengthMs} ms`);
    }
  }
}

test("TokenBucket refuses bad options, naming them", () => {
  const cases: [
    Partial<Record<keyof TokenBucketOptions, unknown>>,
    typeof RangeError | typeof TypeError,
    string,
  ][] = [
    [{ limit: 0 }, RangeError, "'limit' must be a positive number: received 0"],
    [{ limit: NaN }, RangeError, "'limit' must be a positive number: received NaN"],
    [{ limit: Infinity }, RangeError, "'limit'"],
    [{ limit: "5" }, TypeError, `'limit' must be a positive number: received "5"`],
    [{ intervalMs: -1 }, RangeError, "'intervalMs'"],
    [{ intervalMs: undefined }, TypeError, "'intervalMs'"],
    [
      { burst: 0 },
      RangeError,
      "Cannot create token bucket as 'burst' must be a positive integer: received 0",
    ],
    [{ burst: 1.5 }, RangeError, "'burst'"],
    [{ burst: null }, TypeError, "'burst'"],
    [{ limit: 1e308, intervalMs: 1e-5, burst: 1 }, RangeError, "'limit / intervalMs'"],
    [{ clock: {} }, TypeError, "'clock'"],
    [
      { interval: 1_000 } as Record<string, unknown>,
      TypeError,
      "'interval' is not an option: there are 'limit', 'intervalMs', 'burst', 'clock'",
    ],
  ];
  for (const [options, type, message] of cases) {
    const all = { limit: 1, intervalMs: 1, ...options } as unknown as TokenBucketOptions;
    assertThrows(() => new TokenBucket(all), type, message);
  }
});

test("TokenBucket starts full; the burst is the limit by default, and at least 1", () => {
  assertEquals(drain(setUp().bucket), 10);
  assertEquals(drain(setUp({ limit: 7.9 }).bucket), 7);
  assertEquals(drain(setUp({ limit: 0.7692307692307693 }).bucket), 1);
  assertEquals(drain(setUp({ burst: 3 }).bucket), 3);
  assertEquals(setUp({ limit: 1e300 }).bucket.burst, Number.MAX_SAFE_INTEGER);
});

test("TokenBucket gives a full burst after a rest, not two", () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  clock.jump(100_000);
  assertEquals([bucket.available, drain(bucket)], [10, 10]);
});

test("TokenBucket gives no more than a burst when a caller asks for twice that after a rest", () => {
  const { clock, bucket } = setUp();
  clock.jump(100_000);
  assertEquals(Array.from({ length: 20 }, () => bucket.tryTake()).filter(Boolean).length, 10);
});

test("TokenBucket.tryTake() loses no fraction when it is called often", () => {
  const { clock, bucket } = setUp({ limit: 1_000, intervalMs: 1_000, burst: 1 });
  let granted = 0;
  for (let step = 0; step < 100_000; step++) {
    if (bucket.tryTake()) granted++;
    clock.jump(0.1);
  }

  assert(Math.abs(granted - 10_000) <= 1, `${granted}`);
});

test("TokenBucket neither adds nor loses tokens when the clock goes back, and delays none by more than its distance", () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  clock.jump(50);
  assertEquals(bucket.tryTake(), false);
  clock.jump(-3_600_000);
  assertEquals(bucket.available, 0.5);
  clock.jump(49);
  assertEquals(bucket.tryTake(), false);
  clock.jump(1);
  assertEquals([bucket.tryTake(), bucket.tryTake()], [true, false]);
});

test("TokenBucket gives at most a burst when the clock jumps ahead", () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  clock.jump(3_600_000);
  assertEquals(drain(bucket), 10);
});

test("TokenBucket grants at most burst + rate · t in any window to callers that do not wait (S12)", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const limit = 1 + Math.floor(random() * 50);
    const burst = 1 + Math.floor(random() * 20);
    const { clock, bucket } = setUp({ limit, intervalMs: 1_000, burst });
    const grants: [number, number][] = [];
    for (let step = 0; step < 300; step++) {
      const n = random() < 0.5 ? 1 : Math.floor(random() * (burst + 1));
      if (bucket.tryTake(n)) grants.push([clock.now(), n]);
      const dice = random();
      if (dice < 0.3) clock.jump(random() * 50);
      else if (dice < 0.32) clock.jump(3_600_000 * random());
    }
    assertBound(grants, burst, limit / 1_000, 0);
  }
});

test("TokenBucket serves waiting callers in order, at the whole rate, within its bound (S12)", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const limit = 10 + Math.floor(random() * 5_000);
    const burst = 1 + Math.floor(random() * 20);
    const { clock, bucket } = setUp({ limit, intervalMs: 1_000, burst });
    const startMs = clock.now();
    const grants: [number, number][] = [];
    const served: number[] = [];
    let wanted = 0;
    const takes = Array.from({ length: 400 }, (_, index) => {
      const n = Math.floor(random() * (burst + 1));
      if (n > 0) wanted += n;
      return bucket.take(n).then(() => {
        grants.push([clock.now(), n]);
        if (n > 0) served.push(index);
      });
    });
    assertEquals(clock.pending, 1);
    await clock.run(Promise.all(takes));

    assertEquals(served, served.toSorted((a, b) => a - b));
    const idealMs = (wanted - burst) * 1_000 / limit;
    assert(clock.now() - startMs <= idealMs * 1.001 + 1, `${clock.now() - startMs} of ${idealMs}`);
    assertBound(grants, burst, limit / 1_000, 5);
    assertEquals([clock.pending, bucket.waiting], [0, 0]);
  }
});

test("TokenBucket.take() returns a shared, resolved promise when tokens are available", async () => {
  const { clock, bucket } = setUp();
  const first = bucket.take();
  assertStrictEquals(bucket.take(), first);
  await first;
  assertEquals([bucket.waiting, clock.pending], [0, 0]);
});

test("TokenBucket.tryTake() does not overtake a waiting caller, however few tokens it asks for", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const heavy = watch(bucket.take(5));
  const light = watch(bucket.take(1));
  for (let step = 0; step < 49; step++) {
    assertEquals(bucket.tryTake(1), false);
    await clock.advance(10);
  }
  assertEquals([heavy.state, light.state, bucket.waiting], ["pending", "pending", 2]);
  await clock.advance(10);
  assertEquals([heavy.state, light.state], ["fulfilled", "pending"]);
  await clock.advance(100);

  assertEquals([light.state, bucket.waiting, clock.pending], ["fulfilled", 0, 0]);
});

test("TokenBucket refuses n over the burst or no number of at least 0, and changes nothing", async () => {
  const { clock, bucket } = setUp();
  for (const n of [11, -1, NaN, Infinity, -Infinity, -0.001]) {
    assertThrows(() => bucket.tryTake(n), RangeError, "Cannot take tokens as 'n' must be a number from 0 to");
    await assertRejects(() => bucket.take(n), RangeError, `received ${n}`);
  }
  await assertRejects(() => bucket.take("1" as unknown as number), TypeError, `received "1"`);

  assertEquals([bucket.available, bucket.waiting, clock.pending], [10, 0, 0]);
});

test("TokenBucket.take() refuses a bad signal, and takes no token for it", async () => {
  const { clock, bucket } = setUp();
  for (const tokens of [10, 0]) {
    for (const signal of NO_SIGNALS) {
      await assertRejects(() => bucket.take(1, { signal }), TypeError, "'signal' must be an AbortSignal");
    }
    assertEquals([bucket.waiting, clock.pending, drain(bucket)], [0, 0, tokens]);
  }
});

test("TokenBucket lets n = 0 pass, whatever holds other callers", async () => {
  const { bucket, clock } = setUp();
  drain(bucket);
  bucket.pauseUntil(clock.now() + 10_000);
  watch(bucket.take());
  assertEquals(bucket.tryTake(0), true);
  await bucket.take(0);
  assertEquals(bucket.waiting, 1);
});

test("TokenBucket can take fractions of tokens", () => {
  const { bucket } = setUp({ burst: 1 });
  assertEquals([bucket.tryTake(0.75), bucket.tryTake(0.5), bucket.tryTake(0.25)], [true, false, true]);
});

test("TokenBucket that is served late makes up for at most 5 ms, and is consistent afterwards", async () => {
  const { clock, bucket } = setUp({ limit: 1_000, intervalMs: 1_000, burst: 10 });
  drain(bucket);
  const takes = Array.from({ length: 1_000 }, () => watch(bucket.take()));
  const granted = () => takes.filter((take) => take.state === "fulfilled").length;
  clock.jump(50);
  await clock.advance(1);
  assertEquals([granted(), bucket.waiting], [15, 985]);
  await clock.advance(1);
  assertEquals(granted(), 16);
  await clock.advance(100);
  assertEquals([granted(), clock.pending], [116, 1]);
});

test("TokenBucket forgets the lateness of a timer once no caller waits", async () => {
  const { clock, bucket } = setUp({ limit: 1_000, intervalMs: 1_000, burst: 10 });
  drain(bucket);
  const take = watch(bucket.take());
  clock.jump(50);
  await clock.advance(1);
  assertEquals([take.state, drain(bucket)], ["fulfilled", 10]);
});

test("TokenBucket arms one timer for all waiting callers, and none without one", async () => {
  const { clock, bucket } = setUp();
  assertEquals(clock.pending, 0);
  drain(bucket);
  assertEquals(clock.pending, 0);
  const takes = Array.from({ length: 1_000 }, () => bucket.take());
  assertEquals(clock.pending, 1);
  await clock.run(Promise.all(takes));
  assertEquals(clock.pending, 0);
});

test("TokenBucket.take() that is aborted lets the others move up, at the head, in the middle and at the end", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const controllers = Array.from({ length: 5 }, () => new AbortController());
  const takes = controllers.map(({ signal }) => watch(bucket.take(1, { signal })));
  const reason = { why: "test" };
  for (const index of [0, 2, 4]) controllers[index]!.abort(reason);
  assertEquals([bucket.waiting, clock.pending], [2, 1]);
  await microtasks(1);
  for (const index of [0, 2, 4]) assertStrictEquals(takes[index]!.error, reason);
  await clock.advance(100);
  assertEquals([takes[1]!.state, takes[3]!.state], ["fulfilled", "pending"]);
  await clock.advance(100);

  assertEquals([takes[3]!.state, bucket.waiting, clock.pending], ["fulfilled", 0, 0]);
});

test("TokenBucket.take() that is aborted lets the callers pass at once that it held up", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  await clock.advance(300);
  const controller = new AbortController();
  const heavy = watch(bucket.take(5, { signal: controller.signal }));
  const light = [watch(bucket.take(2)), watch(bucket.take(1)), watch(bucket.take(1))];
  controller.abort();
  await microtasks(1);
  assertEquals(heavy.state, "rejected");
  assertEquals(light.map((take) => take.state), ["fulfilled", "fulfilled", "pending"]);
  assertEquals([bucket.waiting, clock.pending], [1, 1]);
  await clock.advance(100);

  assertEquals([light[2]!.state, clock.pending], ["fulfilled", 0]);
});

test("TokenBucket.take() clears the timer when the last waiting caller aborts", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const controller = new AbortController();
  const take = watch(bucket.take(1, { signal: controller.signal }));
  controller.abort("end");
  assertEquals([bucket.waiting, clock.pending], [0, 0]);
  await microtasks(1);
  assertEquals(take.error, "end");
  await clock.advance(100);
  assertEquals(drain(bucket), 1);
});

test("TokenBucket.take() takes no token for a signal that has already aborted", async () => {
  const { bucket } = setUp();
  const reason = new Error("early");
  assertStrictEquals(
    await assertRejects(() => bucket.take(1, { signal: AbortSignal.abort(reason) })),
    reason,
  );
  assertEquals(bucket.available, 10);
});

test("TokenBucket grants no token to a waiter whose signal has aborted, while the signal still calls other listeners", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  await clock.advance(300);
  const controller = new AbortController();
  const { signal } = controller;
  const takes = [bucket.take(5, { signal }), bucket.take(1, { signal }), bucket.take(1)].map(watch);
  controller.abort("both");
  await microtasks(1);

  assertEquals(takes.map((take) => take.state), ["rejected", "rejected", "fulfilled"]);
  assertEquals(Math.round(bucket.available), 2);
});

test("TokenBucket puts one listener on a signal for 10,000 waiters, and leaves none", async () => {
  const { clock, bucket } = setUp({ limit: 100_000, burst: 10 });
  const controller = new AbortController();
  const { signal } = controller;
  const count = countAbortListeners(signal);
  for (let index = 0; index < 10; index++) await bucket.take(1, { signal });
  assertEquals(count.most, 0);

  const takes = Array.from({ length: 10_000 }, () => bucket.take(1, { signal }));
  assertEquals(count, { now: 1, most: 1 });
  await clock.run(Promise.all(takes));
  assertEquals(count.now, 0);
  const aborted = Array.from({ length: 10_000 }, () => watch(bucket.take(1, { signal })));
  controller.abort();
  await microtasks(1);
  assertEquals([count.now, clock.pending, bucket.waiting], [0, 0, 0]);
  assert(aborted.filter((take) => take.state === "rejected").length >= 10_000 - 10);
});

test("TokenBucket.pauseUntil() holds all grants back, and only ever for longer", async () => {
  const { clock, bucket } = setUp();
  const untilMs = clock.now() + 5_000;
  bucket.pauseUntil(untilMs);
  bucket.pauseUntil(untilMs - 2_000);
  bucket.pauseUntil(0);
  assertEquals([bucket.pausedUntilMs, bucket.tryTake()], [untilMs, false]);
  const take = watch(bucket.take());
  await clock.advance(4_999);
  assertEquals([take.state, clock.pending], ["pending", 1]);
  await clock.advance(1);

  assertEquals([take.state, clock.pending], ["fulfilled", 0]);
  assertEquals(drain(bucket), 9);
});

test("TokenBucket.pauseUntil() also holds callers that already wait, and is followed by a burst at most", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const takes = Array.from({ length: 30 }, () => watch(bucket.take()));
  await clock.advance(50);
  bucket.pauseUntil(clock.now() + 10_000);
  await clock.advance(9_999);
  assertEquals(takes.filter((take) => take.state === "fulfilled").length, 0);
  await clock.advance(1);
  assertEquals(takes.filter((take) => take.state === "fulfilled").length, 10);
  await clock.advance(100);
  assertEquals(takes.filter((take) => take.state === "fulfilled").length, 11);
});

test("TokenBucket.pauseUntil() with a past time does nothing", () => {
  const { clock, bucket } = setUp();
  assertEquals(bucket.pausedUntilMs, -Infinity);
  for (const atMs of [clock.now() - 1, clock.now()]) bucket.pauseUntil(atMs);
  assertEquals([bucket.pausedUntilMs, bucket.tryTake(), clock.pending], [-Infinity, true, 0]);
});

test("TokenBucket.pauseUntil() keeps its length when the clock goes back", async () => {
  const { clock, bucket } = setUp();
  bucket.pauseUntil(clock.now() + 1_000);
  const take = watch(bucket.take());
  clock.jump(-500);
  bucket.pauseUntil(clock.now() + 200);
  await clock.advance(1_000);

  assertEquals(take.state, "fulfilled");
});

test("TokenBucket.pauseUntil() refuses a value that is no finite number", () => {
  const { bucket } = setUp();
  assertThrows(() => bucket.pauseUntil(NaN), RangeError, "'atMs'");
  assertThrows(() => bucket.pauseUntil(Infinity), RangeError, "'atMs'");
  assertThrows(() => bucket.pauseUntil(new Date() as unknown as number), TypeError, "'atMs'");
  assertEquals(bucket.tryTake(), true);
});

test("TokenBucket waits longer than a single timer can run, and not less (S5)", async () => {
  const intervalMs = 2 * MAX_TIMER_MS;
  const { clock, bucket } = setUp({ limit: 1, intervalMs });
  await bucket.take();
  const take = watch(bucket.take());
  await clock.advance(MAX_TIMER_MS);
  assertEquals([take.state, clock.pending], ["pending", 1]);
  await clock.advance(MAX_TIMER_MS - 1);
  assertEquals(take.state, "pending");
  await clock.advance(1);

  assertEquals([take.state, clock.pending], ["fulfilled", 0]);
});

test("TokenBucket.setRate() counts the time until then at the old rate, and arms the timer anew", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const first = watch(bucket.take());
  const second = watch(bucket.take());
  await clock.advance(50);
  bucket.setRate({ limit: 1_000, intervalMs: 1_000, burst: 10 });
  assertEquals(clock.pending, 1);
  await clock.advance(0.5);
  assertEquals([first.state, second.state], ["fulfilled", "pending"]);
  await clock.advance(1);
  assertEquals([second.state, clock.pending], ["fulfilled", 0]);
});

test("TokenBucket.setRate() also slows down waiting callers", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const take = watch(bucket.take());
  bucket.setRate({ limit: 1, intervalMs: 1_000, burst: 10 });
  await clock.advance(999);
  assertEquals(take.state, "pending");
  await clock.advance(1);
  assertEquals(take.state, "fulfilled");
});

test("TokenBucket.setRate() drops tokens over the new burst, and adds none for a larger one", () => {
  const { bucket } = setUp();
  bucket.setRate({ limit: 10, intervalMs: 1_000, burst: 3 });
  assertEquals(bucket.available, 3);
  bucket.setRate({ limit: 10, intervalMs: 1_000 });
  assertEquals(bucket.available, 3);
  assertThrows(() => bucket.tryTake(11), RangeError, "the burst of 10");
});

test("TokenBucket.setRate() below a waiter's demand leaves it waiting without a timer, until the burst grows", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const controller = new AbortController();
  const { signal } = controller;
  const [aborted, heavy, light] = [bucket.take(9, { signal }), bucket.take(8), bucket.take(1)].map(watch);
  bucket.setRate({ limit: 10, intervalMs: 1_000, burst: 5 });
  assertEquals([bucket.waiting, clock.pending], [3, 0]);
  await clock.advance(10_000);
  controller.abort();
  assertEquals([bucket.waiting, clock.pending], [2, 0]);
  bucket.setRate({ limit: 10, intervalMs: 1_000, burst: 8 });
  assertEquals(clock.pending, 1);
  await clock.advance(1_000);

  assertEquals([aborted!.state, heavy!.state, light!.state], ["rejected", "fulfilled", "fulfilled"]);
  assertEquals(clock.pending, 0);
});

test("TokenBucket.setRate() refuses a bad rate, and changes nothing", () => {
  const { bucket } = setUp();
  assertThrows(
    () => bucket.setRate({ limit: 5, intervalMs: 0 }),
    RangeError,
    "Cannot set rate as 'intervalMs'",
  );
  assertThrows(() => bucket.setRate({ limit: 5, intervalMs: 1, burst: 0 }), RangeError, "'burst'");
  for (const rate of [undefined, null, 5, "10/s", []] as never[]) {
    assertThrows(() => bucket.setRate(rate), TypeError, "Cannot set rate as the options must be an object");
  }
  assertEquals(drain(bucket), 10);
});

test("TokenBucket leaks no waiter through random aborts, rates and pauses", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const { clock, bucket } = setUp({ burst: 5 });
    const takes: Settled<void>[] = [];
    for (let step = 0; step < 150; step++) {
      const controller = new AbortController();
      takes.push(watch(bucket.take(Math.floor(random() * 4), { signal: controller.signal })));
      if (random() < 0.3) controller.abort("abort");
      if (random() < 0.05) bucket.pauseUntil(clock.now() + random() * 500);
      if (random() < 0.05) bucket.setRate({ limit: 1 + random() * 100, intervalMs: 1_000, burst: 5 });
      if (random() < 0.05) clock.jump((random() - 0.5) * 1_000);
      if (random() < 0.3) await clock.advance(random() * 200);
      assertEquals(clock.pending, bucket.waiting > 0 ? 1 : 0);
    }
    await clock.advance(10_000_000);
    assertEquals([bucket.waiting, clock.pending], [0, 0]);
    assert(
      takes.every(({ state, error }) => state === "fulfilled" || (state === "rejected" && error === "abort")),
    );
  }
});

test("TokenBucket.notify() calls its listener once, when the token is available, and takes none itself", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const startMs = clock.now();
  const heard: number[] = [];
  bucket.notify(() => heard.push(clock.now() - startMs));
  await clock.advance(99);
  assertEquals([heard.length, bucket.waiting], [0, 1]);
  await clock.advance(1_000);

  assertEquals(heard, [100]);
  assertEquals([bucket.available, bucket.waiting, clock.pending], [10, 0, 0]);
});

test("TokenBucket.notify() calls its listener also when tokens are already available, but not before it returns", async () => {
  const { clock, bucket } = setUp();
  let calls = 0;
  bucket.notify(() => calls++);
  assertEquals(calls, 0);
  await clock.advance(1);

  assertEquals([calls, bucket.available], [1, 10]);
});

test("TokenBucket.notify() waits for as many tokens as the listener needs", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  let taken = false;
  bucket.notify(() => taken = bucket.tryTake(4), 4);
  await clock.advance(399);
  assertEquals(taken, false);
  await clock.advance(1);
  assertEquals([taken, bucket.available], [true, 0]);
});

test("TokenBucket.notify() and take() serve waiting callers in the order in which they came", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const order: string[] = [];
  const listen = (name: string): void => {
    bucket.notify(() => {
      assert(bucket.tryTake());
      order.push(`${name}@${clock.now() - 1_000}`);
    });
  };
  const take = (name: string): void => {
    bucket.take().then(() => order.push(`${name}@${clock.now() - 1_000}`));
  };
  for (const name of ["a", "b"]) {
    listen(`listener ${name}`);
    take(`taker ${name}`);
  }
  await clock.advance(1_000);

  assertEquals(order, ["listener a@100", "taker a@200", "listener b@300", "taker b@400"]);
});

test("TokenBucket.notify() gives its listener first right to its tokens, and to no others while callers wait", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const taken: boolean[] = [];
  bucket.notify(() => {
    // There are tokens for both, but only one is the listener's.
    taken.push(bucket.tryTake(2), bucket.tryTake(), bucket.tryTake());
  }, 1);
  const behind = watch(bucket.take());
  // By the time of such a late timer, two tokens have come.
  clock.jump(100);
  await clock.advance(100);

  assertEquals(taken, [false, true, false]);
  assertEquals([behind.state, bucket.available], ["fulfilled", 0]);
});

test("TokenBucket.notify() passes on tokens that its listener does not take", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  let calls = 0;
  bucket.notify(() => calls++);
  bucket.notify(() => calls++);
  const behind = watch(bucket.take());
  await clock.advance(100);

  assertEquals([calls, behind.state, bucket.waiting], [2, "fulfilled", 0]);
});

test("TokenBucket.notify() puts a listener that asks again behind all waiting callers", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const order: string[] = [];
  bucket.notify(() => {
    order.push("first");
    bucket.notify(() => order.push("again"));
  });
  bucket.take().then(() => order.push("taker"));
  await clock.advance(100);
  assertEquals(order, ["first", "taker"]);
  await clock.advance(100);

  assertEquals(order, ["first", "taker", "again"]);
});

test("TokenBucket.notify() calls a listener that asks again without taking tokens once in each turn of the timer", async () => {
  const { clock, bucket } = setUp();
  const turns: number[] = [];
  const ask = (): void => {
    bucket.notify(() => {
      turns.push(clock.now());
      // Without an end, a bucket that calls it again in the same turn would never return.
      if (turns.length < 100) ask();
    });
  };
  ask();
  ask();
  const taker = watch(bucket.take());
  await clock.advance(0.0015);

  assertEquals(turns.length, 2);
  assertEquals(taker.state, "fulfilled");
  await clock.advance(0.001);
  assertEquals(new Set(turns).size, 2);
  assertEquals(turns.length, 4);
});

test("TokenBucket.notify() gives listeners that ask for one token after the other all tokens that are there, in turn", async () => {
  const { clock, bucket } = setUp();
  const order: string[] = [];
  const askFor = (name: string): void => {
    bucket.notify(() => {
      if (bucket.tryTake()) order.push(name);
      askFor(name);
    });
  };
  askFor("a");
  askFor("b");
  await clock.advance(0.0015);

  assertEquals(order.join(""), "ababababab");
});

test("TokenBucket.tryTake() does not overtake a waiting listener", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  let calls = 0;
  bucket.notify(() => calls++);
  clock.jump(500);
  assertEquals(bucket.tryTake(), false);
  await clock.advance(100);

  assertEquals([calls, bucket.tryTake()], [1, true]);
});

test("TokenBucket.notify() removes its listener when disposed, once, and wakes those behind it", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  let calls = 0;
  const listening = bucket.notify(() => calls++, 10);
  const behind = watch(bucket.take());
  await clock.advance(200);
  assertEquals(behind.state, "pending");
  listening[Symbol.dispose]();
  await microtasks(3);
  assertEquals([behind.state, bucket.waiting, clock.pending], ["fulfilled", 0, 0]);
  listening[Symbol.dispose]();
  const last = bucket.notify(() => calls++);
  listening[Symbol.dispose]();
  assertEquals(bucket.waiting, 1);
  last[Symbol.dispose]();
  await clock.advance(10_000);

  assertEquals([calls, bucket.waiting, clock.pending], [0, 0, 0]);
});

test("TokenBucket.notify() copes with a listener that removes itself, or the next one", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  let calls = 0;
  const own = bucket.notify(() => {
    calls++;
    own[Symbol.dispose]();
    other[Symbol.dispose]();
  });
  const other = bucket.notify(() => calls += 100);
  const behind = watch(bucket.take());
  await clock.advance(100);

  assertEquals([calls, behind.state, bucket.waiting, clock.pending], [1, "fulfilled", 0, 0]);
});

test("TokenBucket.notify() refuses a bad number of tokens", () => {
  const { bucket } = setUp();
  for (const n of [-1, 11, NaN]) assertThrows(() => bucket.notify(() => {}, n), RangeError, "'n'");
  assertThrows(() => bucket.notify(() => {}, "1" as unknown as number), TypeError, "'n'");
  for (const listener of [undefined, null, 1, {}] as never[]) {
    assertThrows(() => bucket.notify(listener), TypeError, "'listener' must be a function");
  }
  assertEquals(bucket.waiting, 0);
});

test("TokenBucket.notify() serves those behind a listener that throws", async () => {
  const { clock, bucket } = setUp();
  drain(bucket);
  const fail = (): never => {
    throw new Error("listener");
  };
  bucket.notify(fail);
  const behind = [watch(bucket.take()), watch(bucket.take(2))];
  // The error is thrown from the timer, and from the call that makes tokens available.
  clock.jump(100);
  assertThrows(() => bucket.setRate({ limit: 10, intervalMs: 1_000 }), Error, "listener");
  assertEquals([bucket.waiting, clock.pending], [2, 1]);
  bucket.notify(fail);
  const last = watch(bucket.take());
  await clock.advance(201);
  assertEquals(behind.map(({ state }) => state), ["fulfilled", "fulfilled"]);
  await assertRejects(() => clock.advance(100), Error, "listener");
  await clock.advance(1);

  assertEquals([last.state, bucket.waiting, clock.pending], ["fulfilled", 0, 0]);
});

test("TokenBucket.pauseFor() holds grants and listeners for that time, and only ever for longer", async () => {
  const { clock, bucket } = setUp();
  const startMs = clock.now();
  bucket.pauseFor(2_000);
  bucket.pauseFor(1_000);
  bucket.pauseFor(0);
  bucket.pauseFor(-1_000);
  assertEquals([bucket.pausedUntilMs - startMs, bucket.tryTake()], [2_000, false]);
  let heardMs = 0;
  bucket.notify(() => heardMs = clock.now() - startMs);
  await clock.advance(1_999);
  assertEquals([heardMs, bucket.tryTake()], [0, false]);
  await clock.advance(1);

  assertEquals([heardMs, bucket.tryTake()], [2_000, true]);
});

test("TokenBucket.pauseFor() of 0 holds no caller", () => {
  const { bucket } = setUp();
  bucket.pauseFor(0);
  bucket.pauseFor(-5);
  assertEquals([bucket.pausedUntilMs, bucket.tryTake()], [-Infinity, true]);
});

test("TokenBucket.pauseFor() refuses a value that is no finite number", () => {
  const { bucket } = setUp();
  for (const delayMs of [NaN, Infinity, -Infinity]) {
    assertThrows(() => bucket.pauseFor(delayMs), RangeError, "'delayMs'");
  }
  assertThrows(() => bucket.pauseFor("1" as unknown as number), TypeError, "'delayMs'");
});

test("TokenBucket gives its clock no delay that is negative or too long for a timer (S5)", async () => {
  const clock = new RecordingClock();
  const bucket = new TokenBucket({ limit: 1, intervalMs: 10, clock });
  await bucket.take();
  const takes = [bucket.take(), bucket.take(), bucket.take()];
  clock.jump(25);
  await clock.advance(100);
  await Promise.all(takes);
  bucket.setRate({ limit: 1, intervalMs: 2 ** 40 });
  bucket.tryTake();
  const never = new AbortController();
  const late = bucket.take(1, { signal: never.signal }).catch(() => {});
  never.abort();
  await late;
  assertEquals(clock.delaysMs.filter((delayMs) => !(delayMs >= 0 && delayMs <= MAX_TIMER_MS)), []);
  assert(clock.delaysMs.includes(MAX_TIMER_MS));
});

test("TokenBucket.canTake() says what tryTake() would return, and takes nothing", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 1, intervalMs: 100, burst: 2, clock });
  assertEquals([bucket.canTake(), bucket.canTake(2), bucket.canTake(0), bucket.available], [
    true,
    true,
    true,
    2,
  ]);
  bucket.tryTake(2);
  assertEquals([bucket.canTake(), bucket.canTake(0), bucket.tryTake()], [false, true, false]);
  const waiting = bucket.take();
  await clock.advance(250);
  await waiting;
  assertEquals([bucket.canTake(), bucket.canTake(2)], [true, false]);
  bucket.pauseFor(1_000);
  assertEquals(bucket.canTake(), false);
  assertThrows(() => bucket.canTake(3), RangeError);
});

test("TokenBucket.canTake() is false while other callers wait", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 1, intervalMs: 100, burst: 1, clock });
  bucket.tryTake();
  const told: boolean[] = [];
  bucket.notify(() => told.push(bucket.canTake(), bucket.tryTake(), bucket.canTake()));
  assertEquals(bucket.canTake(), false);
  await clock.advance(100);
  assertEquals(told, [true, true, false]);
});

test("TokenBucket() refuses a value that is no options object", () => {
  for (const options of [null, 5, "x", true, () => 1] as never[]) {
    assertThrows(
      () => new TokenBucket(options),
      TypeError,
      "Cannot create token bucket as the options must be an object: received",
    );
  }
});

test("TokenBucket.notify() × setRate(): a listener that changes the rate keeps first right to its tokens", async () => {
  const clock = new ManualClock();
  const rate = { limit: 1, intervalMs: 100, burst: 1 };
  const bucket = new TokenBucket({ ...rate, clock });
  bucket.tryTake();
  const taken: unknown[] = [];
  bucket.notify(() => {
    bucket.setRate(rate);
    taken.push(["first", clock.now(), bucket.tryTake()]);
  });
  bucket.notify(() => taken.push(["second", clock.now(), bucket.tryTake()]));
  await clock.advance(300);
  assertEquals(taken, [["first", 100, true], ["second", 200, true]]);
});

test("TokenBucket arms its timer anew when the next caller comes, if the timer is lost", async () => {
  const asks: ((bucket: TokenBucket) => unknown)[] = [
    (bucket) => bucket.take(),
    (bucket) => bucket.notify(() => {}),
    (bucket) => bucket.tryTake(),
    (bucket) => bucket.canTake(),
  ];
  for (const ask of asks) {
    // The clock goes on, or goes back to the system's own time.
    for (const jumpMs of [0, -50_000]) {
      const clock = new LosingClock({ nowMs: 100_000 });
      const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, clock });
      drain(bucket);
      clock.isLosing = true;
      const first = watch(bucket.take());
      clock.isLosing = false;
      await clock.advance(2_001);
      clock.jump(jumpMs);
      assertEquals(first.state, "pending");
      ask(bucket);
      assertEquals(clock.pending, 1);
      await clock.advance(1_000);
      assertEquals(first.state, "fulfilled");
    }
  }
});

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { CircuitOpenError } from "../../src/errors.ts";
import { CircuitBreaker, type CircuitStateChange } from "../../src/primitives/circuit_breaker.ts";
import type { CircuitBreakerOptions } from "../../src/primitives/circuit_options.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { microtasks } from "../support/microtasks.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { watch } from "../support/settled.ts";

/** A manual clock that counts how often it was read. */
class CountingClock extends ManualClock {
  reads = 0;

  override now(): number {
    this.reads++;
    return super.now();
  }
}

interface SetUp {
  readonly clock: CountingClock;
  readonly breaker: CircuitBreaker;
  /** The transitions so far, as "from>to". */
  readonly changes: string[];
}

/** Creates a breaker that opens after two failures, for a second. */
function setUp(options: CircuitBreakerOptions = { threshold: 2 }): SetUp {
  const clock = new CountingClock();
  const breaker = new CircuitBreaker({ cooldownMs: 1_000, clock, ...options });
  const changes: string[] = [];
  breaker.on(({ from, to }) => void changes.push(`${from}>${to}`));
  return { clock, breaker, changes };
}

function fail(breaker: CircuitBreaker, times = 1): void {
  for (let index = 0; index < times; index++) breaker.settle(breaker.enter(), "failure");
}

function succeed(breaker: CircuitBreaker): void {
  breaker.settle(breaker.enter(), "success");
}

/** Creates an open circuit whose cooldown has passed. */
function setUpDue(): SetUp {
  const all = setUp();
  fail(all.breaker, 2);
  all.clock.jump(1_000);
  return all;
}

function refusal(breaker: CircuitBreaker): number {
  return assertThrows(() => breaker.enter(), CircuitOpenError).retryAfterMs;
}

test("CircuitBreaker refuses bad options, naming them", () => {
  const cases: [Record<string, unknown>, typeof RangeError | typeof TypeError, string][] = [
    [{ threshold: 0 }, RangeError, "Cannot create circuit breaker as 'threshold' must be a positive integer"],
    [{ threshold: NaN }, RangeError, "'threshold'"],
    [{ threshold: Infinity }, RangeError, "'threshold'"],
    [{ threshold: -1 }, RangeError, "'threshold'"],
    [{ threshold: "5" }, TypeError, "'threshold'"],
    [{ cooldownMs: 0 }, RangeError, "'cooldownMs'"],
    [{ cooldownMs: NaN }, RangeError, "'cooldownMs'"],
    [{ clock: 1 }, TypeError, "'clock'"],
    [{ name: 1 }, TypeError, "'name'"],
    [{ cooldownMs: 100, maxCooldownMs: 99 }, RangeError, "'maxCooldownMs' must be at least 'cooldownMs'"],
    [{ maxCooldownMs: NaN }, RangeError, "'maxCooldownMs'"],
    [{ probeTimeoutMs: 0 }, RangeError, "'probeTimeoutMs'"],
    [{ probeTimeoutMs: "5" }, TypeError, "'probeTimeoutMs'"],
    [{ isFailure: true }, TypeError, "'isFailure'"],
    [{ isFailure: async () => await Promise.resolve(true) }, TypeError, "'isFailure'"],
    [{ failureRatio: 0 }, RangeError, "'failureRatio'"],
    [{ failureRatio: 1.1, minimumRequests: 10, windowMs: 10 }, RangeError, "'failureRatio'"],
    [{ failureRatio: NaN, minimumRequests: 10, windowMs: 10 }, RangeError, "'failureRatio'"],
    [{ minimumRequests: 0 }, RangeError, "'minimumRequests'"],
    [{ failureRatio: 0.5, minimumRequests: 1.5 }, RangeError, "'minimumRequests'"],
    [{ windowMs: -1 }, RangeError, "'windowMs'"],
    [{ failureRatio: 0.5, threshold: 5 }, TypeError, "'threshold'"],
    [{ minimumRequests: 10, threshold: 5 }, TypeError, "'threshold'"],
    [{ windowMs: 10, threshold: 5 }, TypeError, "'threshold'"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => new CircuitBreaker(options as CircuitBreakerOptions), type, message);
  }
});

test("CircuitBreaker opens at exactly the threshold of failures in a row", () => {
  const { breaker, changes } = setUp({ threshold: 3 });
  fail(breaker, 2);
  succeed(breaker);
  fail(breaker, 2);
  assertEquals(breaker.state, "closed");
  fail(breaker);
  assertEquals([breaker.state, breaker.retryAfterMs], ["open", 1_000]);
  assertEquals(changes, ["closed>open"]);
});

test("CircuitBreaker opens by default when 80 % of at least 20 results in 10 s are failures, for 250 ms (S14)", () => {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ clock });
  fail(breaker, 15);
  for (let index = 0; index < 4; index++) succeed(breaker);
  assertEquals(breaker.state, "closed");
  fail(breaker);
  assertEquals([breaker.state, breaker.cooldownMs, refusal(breaker)], ["open", 250, 250]);

  const other = new CircuitBreaker({ clock });
  for (let index = 0; index < 6; index++) succeed(other);
  fail(other, 23);
  assertEquals(other.state, "closed");
  fail(other);
  assertEquals(other.state, "open");
});

test("CircuitBreaker opens before its window has forgotten old successes, when all new results are failures (S14)", () => {
  const setUpFull = (): SetUp => {
    const all = setUp({ failureRatio: 0.8, minimumRequests: 20 });
    for (let index = 0; index < 1_000; index++) succeed(all.breaker);
    return all;
  };
  // 20 failures, over a quarter of a second.
  const slow = setUpFull();
  fail(slow.breaker, 19);
  slow.clock.jump(249);
  fail(slow.breaker, 50);
  assertEquals(slow.breaker.state, "closed");
  slow.clock.jump(1);
  fail(slow.breaker);
  assertEquals(slow.breaker.state, "open");

  // Fewer than 20, over however long a time.
  const few = setUpFull();
  fail(few.breaker, 18);
  few.clock.jump(5_000);
  fail(few.breaker);
  assertEquals(few.breaker.state, "closed");
  fail(few.breaker);
  assertEquals(few.breaker.state, "open");

  // Or 100 failures in a row.
  const fast = setUpFull();
  fail(fast.breaker, 99);
  assertEquals(fast.breaker.state, "closed");
  fail(fast.breaker);
  assertEquals(fast.breaker.state, "open");
});

test("CircuitBreaker does not take a success for a recovery if its call began before the failures (S14)", () => {
  for (const [startedAtMs, state] of [[999, "open"], [1_000, "open"], [1_001, "closed"]] as const) {
    const { breaker, clock } = setUp({ failureRatio: 0.8, minimumRequests: 20 });
    for (let index = 0; index < 1_000; index++) succeed(breaker);
    clock.jump(1_500);
    for (let index = 0; index < 19; index++) breaker.settle(breaker.enter(), "failure", 1_000 + index);
    breaker.settle(breaker.enter(), "success", startedAtMs);
    clock.jump(250);
    breaker.settle(breaker.enter(), "failure", 1_700);
    assertEquals(breaker.state, state, `${startedAtMs}`);
  }
});

test("CircuitBreaker doubles its cooldown with each failed probe, and starts anew when it has closed (S14)", () => {
  const { breaker, clock } = setUp({ threshold: 1, maxCooldownMs: 5_000 });
  fail(breaker);
  const waits: number[] = [];
  for (let probe = 0; probe < 5; probe++) {
    waits.push(breaker.retryAfterMs);
    clock.jump(breaker.retryAfterMs);
    fail(breaker);
  }
  assertEquals(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
  clock.jump(5_000);
  succeed(breaker);
  fail(breaker);
  assertEquals(breaker.retryAfterMs, 1_000);
});

test("CircuitBreaker has a longest cooldown of a minute by default, or of the first one if that is longer", () => {
  for (const [cooldownMs, longestMs] of [[40_000, 60_000], [100_000, 100_000]] as const) {
    const { breaker, clock } = setUp({ threshold: 1, cooldownMs });
    fail(breaker);
    clock.jump(cooldownMs);
    fail(breaker);
    assertEquals(breaker.retryAfterMs, longestMs);
  }
});

test("CircuitBreaker.enter() and refusesForMs() admit an earlier probe for a caller with a shorter cooldown", () => {
  const { breaker, clock } = setUp({ threshold: 1, cooldownMs: 10_000 });
  fail(breaker);
  assertEquals(breaker.openedAtMs, 0);
  clock.jump(400);
  assertEquals([breaker.refusesForMs(500), breaker.refusesForMs(10_000), breaker.refusesForMs()], [
    100,
    9_600,
    9_600,
  ]);
  assertEquals(assertThrows(() => breaker.enter(500), CircuitOpenError).retryAfterMs, 100);
  clock.jump(100);
  assertEquals([breaker.refusesForMs(500), breaker.retryAfterMs, refusal(breaker)], [0, 9_500, 9_500]);
  const ticket = breaker.enter(500);
  assertEquals([breaker.state, breaker.openedAtMs], ["half-open", -Infinity]);
  breaker.settle(ticket, "failure");
  // The cooldown still doubles, although no call has waited for all of it.
  assertEquals([breaker.retryAfterMs, breaker.openedAtMs, breaker.cooldownMs], [20_000, 500, 10_000]);
});

test("CircuitBreaker by ratio opens at the ratio and the minimum, and slides its window while idle", () => {
  const { breaker, clock } = setUp({ failureRatio: 0.5, minimumRequests: 4, windowMs: 1_000 });
  succeed(breaker);
  succeed(breaker);
  fail(breaker);
  assertEquals(breaker.state, "closed");
  clock.jump(1_000);
  fail(breaker, 3);
  assertEquals(breaker.state, "closed");
  fail(breaker);
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker by ratio begins with an empty window when it has closed again", () => {
  const { breaker, clock } = setUp({ failureRatio: 0.5, minimumRequests: 4, windowMs: 100_000 });
  fail(breaker, 4);
  clock.jump(1_000);
  succeed(breaker);
  fail(breaker, 3);
  assertEquals(breaker.state, "closed");
  fail(breaker);
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker does not read the clock while it is closed, and arms no timer in any state", async () => {
  const { breaker, clock } = setUp();
  const reads = clock.reads;
  for (let index = 0; index < 100; index++) {
    await breaker.run(() => index);
    fail(breaker);
    assertEquals([breaker.state, breaker.retryAfterMs], ["closed", 0]);
  }
  await breaker.run(() => 1);
  assertEquals(clock.reads, reads);
  fail(breaker, 2);
  clock.jump(1_000);
  breaker.enter();
  assertEquals([breaker.state, clock.pending], ["half-open", 0]);
});

test("CircuitBreaker that is open refuses calls with the time left, and runs nothing", async () => {
  const { breaker, clock } = setUp({ threshold: 1, name: "https://cdn.example" });
  fail(breaker);
  clock.jump(400.5);
  let calls = 0;
  const error = await assertRejects(() => breaker.run(() => calls++), CircuitOpenError);

  assertEquals([calls, error.retryAfterMs], [0, 599.5]);
  assertEquals(error.message, "Circuit of https://cdn.example is open; it may be tried again in 600 ms");
});

test("CircuitBreaker stays open until the first call after the cooldown, which is its probe", () => {
  const { breaker, clock, changes } = setUp();
  fail(breaker, 2);
  clock.jump(999);
  assertEquals(refusal(breaker), 1);
  clock.jump(1);
  assertEquals([breaker.state, breaker.retryAfterMs], ["open", 0]);
  const ticket = breaker.enter();
  assertEquals([breaker.state, breaker.retryAfterMs], ["half-open", 5_000]);
  breaker.settle(ticket, "success");

  assertEquals([breaker.state, breaker.retryAfterMs], ["closed", 0]);
  assertEquals(changes, ["closed>open", "open>half-open", "half-open>closed"]);
});

test("CircuitBreaker that is half-open admits one of 100 calls, and refuses the others with the time left (S14)", async () => {
  const { breaker, clock } = setUpDue();
  const end = Promise.withResolvers<string>();
  let calls = 0;
  const runs = Array.from({ length: 100 }, () =>
    watch(breaker.run(() => {
      calls++;
      return end.promise;
    })));
  clock.jump(300);
  const late = watch(breaker.run(() => end.promise));
  await microtasks(5);
  assertEquals([calls, runs.filter((run) => run.state === "rejected").length], [1, 99]);
  assert(runs.slice(1).every(({ error }) => (error as CircuitOpenError).retryAfterMs === 5_000));
  assertEquals((late.error as CircuitOpenError).retryAfterMs, 4_700);
  end.resolve("back");
  await microtasks(5);

  assertEquals([runs[0]!.value, breaker.state], ["back", "closed"]);
});

test("CircuitBreaker opens for twice the cooldown when its probe fails", () => {
  const { breaker, clock, changes } = setUpDue();
  const ticket = breaker.enter();
  clock.jump(500);
  breaker.settle(ticket, "failure");
  assertEquals(refusal(breaker), 2_000);
  clock.jump(2_000);
  succeed(breaker);
  assertEquals(changes, [
    "closed>open",
    "open>half-open",
    "half-open>open",
    "open>half-open",
    "half-open>closed",
  ]);
});

test("CircuitBreaker needs its whole threshold again after it has closed", () => {
  const { breaker } = setUpDue();
  succeed(breaker);
  fail(breaker);
  assertEquals(breaker.state, "closed");
});

test("CircuitBreaker does not stay open longer for failures that arrive while it is open", () => {
  const { breaker, clock, changes } = setUp();
  const tickets = Array.from({ length: 5 }, () => breaker.enter());
  fail(breaker, 2);
  for (const ticket of tickets) {
    clock.jump(200);
    breaker.settle(ticket, "failure");
  }

  assertEquals(breaker.retryAfterMs, 0);
  assertEquals(changes, ["closed>open"]);
});

test("CircuitBreaker ignores results of calls from before a transition, in every state since (S14)", () => {
  for (const result of ["success", "failure", "ignored"] as const) {
    const { breaker, clock, changes } = setUp();
    const closedEra = Array.from({ length: 4 }, () => breaker.enter());
    fail(breaker, 2);
    breaker.settle(closedEra[0]!, result);
    assertEquals(breaker.state, "open");

    clock.jump(1_000);
    const firstProbe = breaker.enter();
    breaker.settle(closedEra[1]!, result);
    assertEquals([breaker.state, breaker.retryAfterMs], ["half-open", 5_000]);
    breaker.settle(firstProbe, "failure");
    assertEquals(breaker.state, "open");

    clock.jump(2_000);
    const secondProbe = breaker.enter();
    breaker.settle(firstProbe, result);
    breaker.settle(closedEra[2]!, result);
    assertEquals([breaker.state, breaker.retryAfterMs], ["half-open", 5_000]);
    breaker.settle(secondProbe, "success");

    fail(breaker);
    breaker.settle(closedEra[3]!, result);
    breaker.settle(firstProbe, result);
    breaker.settle(secondProbe, result);
    assertEquals(breaker.state, "closed");
    fail(breaker);
    assertEquals(breaker.state, "open");
    assertEquals(changes.length, 6);
  }
});

test("CircuitBreaker.run() ignores the result of work that began before a transition", async () => {
  const { breaker, clock } = setUp();
  const slow = Promise.withResolvers<never>();
  const run = watch(breaker.run(() => slow.promise));
  fail(breaker, 2);
  clock.jump(1_000);
  succeed(breaker);
  fail(breaker);
  slow.reject(new Error("late"));
  await microtasks(5);

  assertEquals([run.state, breaker.state], ["rejected", "closed"]);
});

test("CircuitBreaker counts a probe as failed that has not settled in its time, and cools down from then on (S14)", () => {
  for (const lateMs of [0, 500, 1_999]) {
    const { breaker, clock, changes } = setUpDue();
    breaker.enter();
    clock.jump(4_999);
    assertEquals([refusal(breaker), breaker.state], [1, "half-open"]);
    clock.jump(1 + lateMs);
    assertEquals([refusal(breaker), breaker.state, breaker.openedAtMs], [2_000 - lateMs, "open", 6_000]);
    assertEquals(changes, ["closed>open", "open>half-open", "half-open>open"]);
  }
});

test("CircuitBreaker admits the next probe at once if no call has come since the last one timed out", () => {
  const { breaker, clock, changes } = setUpDue();
  breaker.enter();
  clock.jump(7_000);
  succeed(breaker);
  assertEquals(breaker.state, "closed");
  assertEquals(changes.slice(2), ["half-open>open", "open>half-open", "half-open>closed"]);
});

test("CircuitBreaker gives a probe as long as `probeTimeoutMs` says", () => {
  const { breaker, clock } = setUp({ threshold: 1, probeTimeoutMs: 100 });
  fail(breaker);
  clock.jump(1_000);
  breaker.enter();
  assertEquals(refusal(breaker), 100);
  clock.jump(100);
  assertEquals(refusal(breaker), 2_000);
});

test("CircuitBreaker closes at the success of a late probe, and ignores its other results (S14)", () => {
  const setUpLost = (): SetUp & { readonly lost: number } => {
    const all = setUpDue();
    const lost = all.breaker.enter();
    all.clock.jump(5_000);
    assertEquals(refusal(all.breaker), 2_000);
    return { ...all, lost };
  };
  for (const result of ["failure", "ignored"] as const) {
    const { breaker, lost } = setUpLost();
    breaker.settle(lost, result);
    assertEquals([breaker.state, breaker.retryAfterMs], ["open", 2_000]);
  }
  const { breaker, lost, changes } = setUpLost();
  breaker.settle(lost, "success");
  assertEquals([breaker.state, changes.at(-1)], ["closed", "open>closed"]);

  // The latest probe counts.
  const replaced = setUpLost();
  replaced.clock.jump(2_000);
  const next = replaced.breaker.enter();
  replaced.breaker.settle(replaced.lost, "success");
  assertEquals(replaced.breaker.state, "half-open");
  replaced.breaker.settle(next, "failure");
  replaced.breaker.settle(replaced.lost, "success");
  assertEquals(replaced.breaker.state, "open");
});

test("CircuitBreaker counts a late probe if no other call has come meanwhile", () => {
  const { breaker, clock } = setUpDue();
  const ticket = breaker.enter();
  clock.jump(1e6);
  breaker.settle(ticket, "success");
  assertEquals(breaker.state, "closed");
});

test("CircuitBreaker admits another probe at once when the caller of one gives up", () => {
  const { breaker, changes } = setUpDue();
  const ticket = breaker.enter();
  breaker.settle(ticket, "ignored");
  assertEquals([breaker.state, breaker.retryAfterMs], ["half-open", 0]);
  const next = breaker.enter();
  breaker.settle(ticket, "failure");
  assertEquals(breaker.state, "half-open");
  breaker.settle(next, "success");

  assertEquals(changes, ["closed>open", "open>half-open", "half-open>closed"]);
});

test("CircuitBreaker.run() refuses a bad signal, and counts nothing for it", async () => {
  const { breaker } = setUpDue();
  for (const signal of NO_SIGNALS) {
    await assertRejects(() => breaker.run(() => 1, { signal }), TypeError, "'signal' must be an AbortSignal");
  }
  assertEquals([breaker.state, breaker.retryAfterMs], ["open", 0]);
});

test("CircuitBreaker counts an ignored result neither as a failure nor as a success", () => {
  const { breaker } = setUp();
  fail(breaker);
  for (let index = 0; index < 10; index++) breaker.settle(breaker.enter(), "ignored");
  assertEquals(breaker.state, "closed");
  fail(breaker);
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.run() counts the error that its function throws or rejects with, or its value", async () => {
  const { breaker } = setUp();
  const error = new Error("down");
  const throws = () => {
    throw error;
  };
  assertStrictEquals(await assertRejects(() => breaker.run(throws)), error);
  assertEquals(await breaker.run(() => "value"), "value");
  assertEquals(await breaker.run(() => undefined), undefined);
  assertStrictEquals(await assertRejects(() => breaker.run(() => Promise.reject(error))), error);
  assertEquals(breaker.state, "closed");
  assertStrictEquals(await assertRejects(() => breaker.run(throws)), error);
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.run() counts the reason of the caller's abort neither way, and other errors as failures", async () => {
  const { breaker } = setUp({ threshold: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("caller");
  const run = breaker.run(() => {
    controller.abort(reason);
    return Promise.reject(reason);
  }, { signal });
  assertStrictEquals(await assertRejects(() => run), reason);
  assertEquals(breaker.state, "closed");

  const live = new AbortController().signal;
  assertEquals(await breaker.run(() => 1, { signal: live }), 1);
  await assertRejects(() => breaker.run(() => Promise.reject(reason), { signal: live }));
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.run() gives the probe back when its caller aborts", async () => {
  const { breaker } = setUpDue();
  const controller = new AbortController();
  const run = watch(breaker.run(
    () =>
      new Promise((_resolve, reject) =>
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason))
      ),
    { signal: controller.signal },
  ));
  controller.abort("enough");
  await microtasks(5);

  assertEquals([run.error, breaker.state, breaker.retryAfterMs], ["enough", "half-open", 0]);
});

test("CircuitBreaker.run() does not begin with a signal that has already aborted, and leaves the probe to others", async () => {
  const { breaker } = setUpDue();
  const reason = new Error("early");
  let calls = 0;
  const run = () => breaker.run(() => calls++, { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(run), reason);
  assertEquals([calls, breaker.state, breaker.retryAfterMs], [0, "open", 0]);
});

test("CircuitBreaker.run() calls isFailure for errors: an error that is no failure counts as a success", async () => {
  const { breaker } = setUp({ threshold: 2, isFailure: (error) => (error as Error).message !== "not found" });
  const run = (message: string) => assertRejects(() => breaker.run(() => Promise.reject(new Error(message))));
  await run("down");
  await run("not found");
  await run("down");
  assertEquals(breaker.state, "closed");
  await run("down");
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.run() counts a failure when isFailure throws, and throws the call's own error", async () => {
  const { breaker } = setUp({
    threshold: 1,
    isFailure: () => {
      throw new Error("predicate");
    },
  });
  await assertRejects(() => breaker.run(() => Promise.reject(new Error("call"))), Error, "call");
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.run() refuses a bad function, and counts nothing", async () => {
  const { breaker } = setUpDue();
  await assertRejects(() => breaker.run(undefined as unknown as () => number), TypeError, "'fn'");
  assertEquals(breaker.state, "open");
});

test("CircuitBreaker.trip() opens a closed circuit, which a probe closes as usual, and changes no other state", () => {
  const { breaker, changes, clock } = setUp();
  breaker.trip();
  assertEquals([breaker.state, breaker.retryAfterMs], ["open", 1_000]);
  clock.jump(600);
  breaker.trip();
  assertEquals(breaker.retryAfterMs, 400);
  clock.jump(400);
  const probe = breaker.enter();
  breaker.trip();
  assertEquals(breaker.state, "half-open");
  breaker.settle(probe, "success");
  const isolation = breaker.isolate();
  breaker.trip();
  assertEquals(breaker.state, "isolated");
  isolation[Symbol.dispose]();
  assertEquals([breaker.state, changes], ["closed", [
    "closed>open",
    "open>half-open",
    "half-open>closed",
    "closed>isolated",
    "isolated>closed",
  ]]);
});

test("CircuitBreaker.isolate() refuses all calls until all holders have disposed it, each once", () => {
  const { breaker, changes, clock } = setUp();
  const first = breaker.isolate();
  const second = breaker.isolate();
  assertEquals([breaker.state, breaker.retryAfterMs, refusal(breaker)], ["isolated", Infinity, Infinity]);
  clock.jump(1e9);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  assertEquals(breaker.state, "isolated");
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals([breaker.state, breaker.retryAfterMs], ["closed", 0]);

  const third = breaker.isolate();
  first[Symbol.dispose]();
  assertEquals(breaker.state, "isolated");
  third[Symbol.dispose]();
  assertEquals(changes, ["closed>isolated", "isolated>closed", "closed>isolated", "isolated>closed"]);
  assertEquals(
    assertThrows(() => {
      using _isolation = breaker.isolate();
      breaker.enter();
    }, CircuitOpenError).message,
    "Circuit is isolated",
  );
});

test("CircuitBreaker.isolate() keeps the cooldown of an open circuit and the failures of a closed one", () => {
  const { breaker, clock } = setUp();
  fail(breaker);
  breaker.isolate()[Symbol.dispose]();
  fail(breaker);
  assertEquals(breaker.state, "open");
  const isolation = breaker.isolate();
  clock.jump(400);
  isolation[Symbol.dispose]();
  assertEquals([breaker.state, refusal(breaker)], ["open", 600]);
});

test("CircuitBreaker.isolate() during a probe makes its result void, and the next call a probe", () => {
  const { breaker, changes } = setUpDue();
  const ticket = breaker.enter();
  const isolation = breaker.isolate();
  breaker.settle(ticket, "success");
  assertEquals(breaker.state, "isolated");
  isolation[Symbol.dispose]();
  assertEquals([breaker.state, breaker.retryAfterMs], ["open", 0]);
  succeed(breaker);

  assertEquals(changes.slice(2), [
    "half-open>isolated",
    "isolated>open",
    "open>half-open",
    "half-open>closed",
  ]);
});

test("CircuitBreaker is not closed by a probe from before it was isolated or reset, however late that succeeds", () => {
  const interruptions: ((breaker: CircuitBreaker) => void)[] = [
    (breaker) => breaker.isolate()[Symbol.dispose](),
    (breaker) => {
      breaker.reset();
      fail(breaker, 2);
    },
    (breaker) => {
      const isolation = breaker.isolate();
      breaker.reset();
      isolation[Symbol.dispose]();
      fail(breaker, 2);
    },
  ];
  for (const interrupt of interruptions) {
    for (const probeMs of [0, 5_000]) {
      const { breaker, clock } = setUpDue();
      const probe = breaker.enter();
      clock.jump(probeMs);
      // After 5 seconds the probe is lost, and the circuit is open.
      refusal(breaker);
      interrupt(breaker);
      breaker.settle(probe, "success");
      assertEquals(breaker.state, "open");
    }
  }
});

test("CircuitBreaker.reset() closes the circuit from any state, and forgets counts and calls under way", async () => {
  const { breaker, clock, changes } = setUp();
  fail(breaker);
  const ticket = breaker.enter();
  breaker.reset();
  breaker.settle(ticket, "failure");
  fail(breaker);
  assertEquals([breaker.state, changes], ["closed", []]);
  await assertRejects(() => breaker.run(() => Promise.reject(new Error("down"))));
  assertEquals(breaker.state, "open");

  breaker.reset();
  assertEquals(breaker.state, "closed");
  fail(breaker, 2);
  clock.jump(1_000);
  const probe = breaker.enter();
  breaker.reset();
  breaker.settle(probe, "failure");
  assertEquals(breaker.state, "closed");
  assertEquals(changes, ["closed>open", "open>closed", "closed>open", "open>half-open", "half-open>closed"]);
});

test("CircuitBreaker.reset() leaves an isolated circuit isolated, and closed afterwards", () => {
  const { breaker, changes } = setUp();
  fail(breaker, 2);
  const isolation = breaker.isolate();
  breaker.reset();
  assertEquals(breaker.state, "isolated");
  isolation[Symbol.dispose]();

  assertEquals(changes, ["closed>open", "open>isolated", "isolated>closed"]);
});

test("CircuitBreaker.on() emits each transition once, with its time and name", () => {
  const clock = new ManualClock({ nowMs: 50 });
  const breaker = new CircuitBreaker({ clock, threshold: 1, cooldownMs: 10, name: "cdn" });
  const heard: CircuitStateChange[] = [];
  const listening = breaker.on((change) => void heard.push(change));
  fail(breaker);
  clock.jump(10);
  succeed(breaker);
  listening[Symbol.dispose]();
  fail(breaker);

  assertEquals(heard, [
    { from: "closed", to: "open", atMs: 50, name: "cdn" },
    { from: "open", to: "half-open", atMs: 60, name: "cdn" },
    { from: "half-open", to: "closed", atMs: 60, name: "cdn" },
  ]);
});

test("CircuitBreaker.on() emits one opening for six simultaneous failures", () => {
  const { breaker, changes } = setUp({ threshold: 5 });
  const tickets = Array.from({ length: 6 }, () => breaker.enter());
  for (const ticket of tickets) breaker.settle(ticket, "failure");
  assertEquals(changes, ["closed>open"]);
});

test("CircuitBreaker.on() copes with a listener that throws, or that changes the state itself", async () => {
  const { breaker, clock, changes } = setUp({ threshold: 1 });
  const nested: string[] = [];
  breaker.on(() => {
    throw new Error("listener");
  });
  breaker.on(({ to }) => {
    if (to === "half-open") breaker.reset();
  });
  breaker.on(({ from, to }) => void nested.push(`${from}>${to}`));
  await assertRejects(() => breaker.run(() => Promise.reject(new Error("call"))), Error, "call");
  clock.jump(1_000);
  await assertRejects(() => breaker.run(() => Promise.reject(new Error("probe"))), Error, "probe");

  assertEquals(changes, ["closed>open", "open>half-open", "half-open>closed"]);
  assertEquals(nested, changes);
  assertEquals(breaker.state, "closed");
});

test("CircuitBreaker.on() refuses a value that is no function", () => {
  const { breaker } = setUp();
  assertThrows(() => breaker.on({} as () => void), TypeError, "'listener'");
});

test("CircuitBreaker does not stay open longer than a cooldown when the clock goes back", () => {
  const { breaker, clock } = setUp();
  clock.jump(3_600_000);
  fail(breaker, 2);
  clock.jump(-3_600_000);
  assertEquals(refusal(breaker), 1_000);
  clock.jump(1_000);
  breaker.enter();
  clock.jump(-3_600_000);
  assertEquals(refusal(breaker), 5_000);
  clock.jump(5_000);
  assertEquals(refusal(breaker), 2_000);
  clock.jump(2_000);
  succeed(breaker);
  assertEquals(breaker.state, "closed");
});

test("CircuitBreaker admits one probe per cooldown, and emits a chain of transitions, whatever happens", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seededRandom(seed);
    const { breaker, clock, changes } = setUp({ threshold: 3, maxCooldownMs: 4_000, probeTimeoutMs: 800 });
    let tickets: number[] = [];
    let probe: number | undefined;
    let probedAtMs = -Infinity;
    let openedAtMs = -Infinity;
    let cooldownMs = 1_000;
    breaker.on(({ to, from, atMs }) => {
      if (to === "closed") cooldownMs = 1_000;
      if (to !== "open") return;
      openedAtMs = from === "half-open" ? Math.min(atMs, probedAtMs + 800) : atMs;
      if (from === "half-open") cooldownMs = Math.min(4_000, 2 * cooldownMs);
    });
    for (let step = 0; step < 500; step++) {
      const dice = random();
      if (dice < 0.4) {
        const before = breaker.state;
        const isDue = breaker.retryAfterMs === 0;
        try {
          tickets.push(breaker.enter());
        } catch {
          // The call is refused: the checks below are about admitted calls.
          assert(before !== "closed" && !isDue);
          continue;
        }
        assert(isDue);
        if (before === "closed") continue;
        // The previous probe was given back, or has failed, and a whole cooldown has passed since.
        if (before === "half-open") assert(probe === undefined || clock.now() >= probedAtMs + 800);
        if (probe !== undefined) assert(clock.now() >= openedAtMs + cooldownMs - 1e-2);
        probe = tickets.at(-1);
        probedAtMs = clock.now();
      } else if (dice < 0.8 && tickets.length > 0) {
        const [ticket] = tickets.splice(Math.floor(random() * tickets.length), 1);
        const result = (["success", "failure", "failure", "ignored"] as const)[Math.floor(random() * 4)]!;
        if (breaker.state === "half-open" && ticket === probe && result === "ignored") probe = undefined;
        breaker.settle(ticket!, result);
      } else if (dice < 0.98) {
        clock.jump(random() * 600);
      } else {
        breaker.reset();
        tickets = random() < 0.5 ? [] : tickets;
      }
    }
    for (let index = 1; index < changes.length; index++) {
      assertEquals(changes[index]!.split(">")[0], changes[index - 1]!.split(">")[1]);
    }
    assert(changes.length > 10);
  }
});

test("CircuitBreaker.run() counts successes with and without a signal: a probe closes the circuit", async () => {
  for (const options of [undefined, {}, { signal: new AbortController().signal }]) {
    const clock = new ManualClock();
    const breaker = new CircuitBreaker({ threshold: 2, cooldownMs: 100, clock });
    const fail = () =>
      assertRejects(() => breaker.run(() => Promise.reject(new Error("down")), options), Error, "down");
    await fail();
    // The failures are not in a row: this success is between two of them.
    assertEquals(await breaker.run(() => 1, options), 1);
    await fail();
    assertEquals(breaker.state, "closed");
    await fail();
    assertEquals(breaker.state, "open");
    await clock.advance(100);
    assertEquals([await breaker.run(() => 2, options), breaker.state], [2, "closed"]);
  }
});

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { createClient } from "../../mod.ts";
import { clientBucket, laneFactory } from "../../src/client/lane_factory.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import { Scheduler } from "../../src/lanes/scheduler.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp(options: ClientOptions = {}, { active = true, warmsUp = false } = {}) {
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const scheduler = new Scheduler({
    semaphore: new Semaphore(20),
    bucket: clientBucket(options.rateLimit, clock),
    clock,
    deadlines: new DeadlineQueue(clock),
    maxRetryAfterMs: 60_000,
    timersBelongToRequests: false,
  });
  const create = laneFactory(options, {
    clock,
    reporter: { active, emit: (event) => events.push(event) },
    scheduler: () => scheduler,
    warmsUp: warmsUp ? () => true : undefined,
  });
  return { clock, events, scheduler, create };
}

function open({ breaker }: Lane, failures = 1): void {
  for (let nth = 0; nth < failures; nth++) breaker!.settle(breaker!.enter(), "failure");
}

/** Returns how long a probe may take. */
function leaseOf(options: ClientOptions): number {
  const { clock, create } = setUp(options);
  const lane = create("https://a.test");
  open(lane);
  clock.jump(lane.breaker!.retryAfterMs);
  lane.breaker!.enter();
  return lane.breaker!.retryAfterMs;
}

/** Returns the error that createClient() throws for these options, if any. */
function faultOf(options: unknown): Error | undefined {
  try {
    createClient(options as ClientOptions);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

test("createClient() refuses bad options of the breaker at once, by name", () => {
  const cases: [Record<string, unknown>, string, typeof RangeError | typeof TypeError][] = [
    [{ threshold: 0 }, "threshold", RangeError],
    [{ threshold: "5" }, "threshold", TypeError],
    [{ threshold: 5, failureRatio: 0.5 }, "threshold", TypeError],
    [{ failureRatio: 1.5 }, "failureRatio", RangeError],
    [{ failureRatio: 0 }, "failureRatio", RangeError],
    [{ minimumRequests: 1.5 }, "minimumRequests", RangeError],
    [{ windowMs: -1 }, "windowMs", RangeError],
    [{ cooldownMs: 0 }, "cooldownMs", RangeError],
    [{ cooldownMs: 100, maxCooldownMs: 99 }, "maxCooldownMs", RangeError],
    [{ probeTimeoutMs: 0 }, "probeTimeoutMs", RangeError],
    [{ clock: {} }, "clock", TypeError],
  ];
  for (const [circuitBreaker, name, kind] of cases) {
    const error = faultOf({ circuitBreaker });
    assertInstanceOf(error, kind, `${name}: ${error}`);
    assert(error.message.includes(`'${name}'`), error.message);
  }
});

test("createClient() refuses bad options of the rate limit at once, by name, whichever scope the limit has", () => {
  for (const per of ["client", "origin", undefined]) {
    for (
      const [rateLimit, name] of [
        [{ limit: 0, intervalMs: 1_000 }, "limit"],
        [{ limit: 5, intervalMs: 0 }, "intervalMs"],
        [{ limit: 5, intervalMs: 1_000, burst: 0.5 }, "burst"],
      ] as const
    ) {
      const error = faultOf({ rateLimit: { ...rateLimit, per } });
      assertInstanceOf(error, RangeError, `${name}: ${error}`);
      assert(error.message.includes(`'${name}'`), error.message);
    }
  }
});

test("laneFactory() registers each lane with the scheduler, and creates none for its checks", () => {
  const { create, scheduler, events } = setUp({ circuitBreaker: { threshold: 1 } });
  assertEquals([scheduler.workingTime.outages, events], [0, []]);
  const lane = create("https://a.test");
  open(lane);
  assertEquals([lane.key, scheduler.workingTime.outages, lane.isClear], ["https://a.test", 1, false]);
});

test("laneFactory() gives each origin a breaker, whose changes are events with the origin's name", () => {
  const { create, events, clock } = setUp({ circuitBreaker: { threshold: 2, cooldownMs: 300 } });
  const [a, b] = [create("https://a.test"), create("https://b.test")];
  assertNotStrictEquals(a.breaker, b.breaker);
  clock.jump(40);
  open(a, 2);
  assertEquals([a.breaker!.state, b.breaker!.state, a.breaker!.retryAfterMs], ["open", "closed", 300]);
  assertEquals(events, [{ type: "breaker", atMs: 40, origin: "https://a.test", from: "closed", to: "open" }]);
});

test("laneFactory() emits no changes while there is no listener", () => {
  const { create, events } = setUp({ circuitBreaker: { threshold: 1 } }, { active: false });
  open(create("https://a.test"));
  assertEquals(events, []);
});

test("laneFactory() creates no breaker if the options turn it off", () => {
  const lane = setUp({ circuitBreaker: false }).create("https://a.test");
  assertEquals([lane.breaker, lane.isClear], [undefined, true]);
});

test("laneFactory() gives a probe 5 s, or an attempt's timeout if shorter, unless options say otherwise", () => {
  const circuitBreaker = { threshold: 1 };
  assertEquals(leaseOf({ circuitBreaker }), 5_000);
  assertEquals(leaseOf({ circuitBreaker, timeoutMs: 60_000 }), 5_000);
  assertEquals(leaseOf({ circuitBreaker, timeoutMs: 700 }), 700);
  assertEquals(leaseOf({ circuitBreaker: { threshold: 1, probeTimeoutMs: 9_000 }, timeoutMs: 700 }), 9_000);
});

test("laneFactory() leaves it to the client to say what counts as a failure", () => {
  const circuitBreaker = { threshold: 1, isFailure: () => false };
  const lane = setUp({ circuitBreaker }).create("https://a.test");
  open(lane);
  assertEquals(lane.breaker!.state, "open");
});

test("laneFactory() gives the breaker a clock of its own if it has one", () => {
  const clock = new ManualClock({ nowMs: 5_000 });
  const { create, events } = setUp({ circuitBreaker: { threshold: 1, clock } });
  open(create("https://a.test"));
  assertEquals(events.map(({ atMs }) => atMs), [5_000]);
});

test("laneFactory() gives each origin a bucket of its own if the limit is per origin", () => {
  const { create, scheduler } = setUp({
    rateLimit: { limit: 2, intervalMs: 1_000, burst: 2, per: "origin" },
  });
  const [a, b] = [create("https://a.test"), create("https://b.test")];
  assertNotStrictEquals(a.bucket, b.bucket);
  const tickets = [a, a, a, b].map((lane) => scheduler.tryEnter(lane, 0) >= 0);
  assertEquals([tickets, scheduler.hasBucket(a)], [[true, true, false, true], true]);
});

test("laneFactory() gives no lane a bucket if the limit is for the whole client", () => {
  for (const per of ["client", undefined] as const) {
    const { create, scheduler } = setUp({ rateLimit: { limit: 2, intervalMs: 1_000, burst: 2, per } });
    const [a, b] = [create("https://a.test"), create("https://b.test")];
    assertEquals([a.bucket, b.bucket, scheduler.hasBucket(a)], [undefined, undefined, true]);
    const tickets = [a, b, a].map((lane) => scheduler.tryEnter(lane, 0) >= 0);
    assertEquals(tickets, [true, true, false]);
  }
});

test("laneFactory() calls a function for the bucket of each origin, which may return the same one for several", () => {
  const clock = new ManualClock();
  const shared = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock });
  const asked: string[] = [];
  const { create } = setUp({
    rateLimit: (origin) => {
      asked.push(origin);
      return shared;
    },
  });
  // The function is not called before there is an origin.
  assertEquals(asked, []);
  const lanes = ["https://a.test", "https://b.test"].map(create);
  for (const { bucket } of lanes) assertStrictEquals(bucket, shared);
  assertEquals(asked, ["https://a.test", "https://b.test"]);
});

test("clientBucket() returns the given bucket, or one for the rate, and none for a rate per origin", () => {
  const clock = new ManualClock();
  const given = new TokenBucket({ limit: 1, intervalMs: 1_000, clock });
  assertStrictEquals(clientBucket(given, clock), given);
  const made = clientBucket({ limit: 3, intervalMs: 1_000, burst: 3 }, clock);
  assertInstanceOf(made, TokenBucket);
  assert(made.tryTake(3) && !made.tryTake());
  clock.jump(1_000);
  assert(made.tryTake(3));
  for (const limit of [undefined, () => given, { limit: 3, intervalMs: 1_000, per: "origin" }] as const) {
    assertEquals(clientBucket(limit, clock), undefined);
  }
});

test("laneFactory() sets the limit of requests in flight to an origin, and warms up connections where that helps", () => {
  const { create } = setUp({ perOrigin: { concurrency: 3 } }, { warmsUp: true });
  const [secure, plain] = [create("https://a.test"), create("http://a.test")];
  assertEquals([secure.limit.current, secure.limit.most], [3, 3]);
  assertEquals([secure.warmUp?.isCold(0), plain.warmUp], [true, undefined]);
  const cold = setUp().create("https://a.test");
  assertEquals([cold.limit.current, cold.warmUp], [Infinity, undefined]);
});

test("laneFactory() refuses a result of 'rateLimit()' that is no bucket, and accepts none for no bucket", async () => {
  for (const given of [{}, null, 5, { tryTake: () => true }, { notify() {} }]) {
    const { create } = setUp({ rateLimit: (() => given) as unknown as () => TokenBucket });
    assertThrows(() => create("https://a.test"), TypeError, "'rateLimit()' must be a bucket");
  }
  await using client = createClient({
    fetch: () => Promise.resolve(new Response("1")),
    rateLimit: (() => undefined) as unknown as () => TokenBucket,
  });
  assertEquals(await client.json("https://a.test/"), 1);
});

test("Client fails the requests whose bucket throws, each once, and answers the next", async () => {
  for (const per of ["client", "origin"]) {
    for (const isHeard of [false, true]) {
      let isBroken = true;
      const bucket = {
        tryTake: () => {
          if (isBroken) throw new Error("no connection");
          return true;
        },
        notify: () => ({ [Symbol.dispose]() {} }),
      };
      await using client = createClient({
        fetch: () => Promise.resolve(new Response("1")),
        rateLimit: per === "client" ? bucket : () => bucket,
      });
      if (isHeard) client.on(() => {});
      const outcomes = await client.settle(["https://a.test/1", "https://a.test/2"]);
      assertEquals(outcomes.map((each) => each.ok ? "" : each.error.message), Array(2).fill("no connection"));
      const { message } = await client.json("https://a.test/3").catch((error) => error) as Error;
      assertEquals([message, client.stats().inFlight, client.stats().queued], ["no connection", 0, 0]);
      isBroken = false;
      assertEquals(await client.json("https://a.test/4"), 1);
    }
  }
});

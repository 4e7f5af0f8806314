import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { MAX_TIMER_MS } from "../../src/primitives/clock.ts";
import { ManualClock, type ManualClockOptions } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { gate } from "../support/settled.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

function sleep(clock: ManualClock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, ms));
}

test("ManualClock starts where its options say and stands still", async () => {
  const clock = new ManualClock({ nowMs: 5, wallMs: 1_000 });
  await new Promise((resolve) => setTimeout(resolve, 2));

  assertEquals([clock.now(), clock.wallNow()], [5, 1_000]);
});

test("ManualClock refuses options that do not exist, and values that are none", () => {
  const refuse = (options: unknown, message: string) =>
    assertThrows(
      () => new ManualClock(options as ManualClockOptions),
      TypeError,
      `Cannot create manual clock as ${message}`,
    );
  refuse({ nowMS: 5 }, "'nowMS' is not an option: did you mean 'nowMs'?");
  refuse({ startMs: 5 }, "'startMs' is not an option");
  for (const none of [null, 5]) refuse(none, `the options must be an object: received ${none}`);
});

test("ManualClock.advance() fires in time order, first armed first among equals", async () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const add = (name: string, ms: number) => clock.setTimeout(() => fired.push(`${name}@${clock.now()}`), ms);
  add("c", 30);
  add("a", 10);
  add("b1", 20);
  add("b2", 20);
  add("later", 31);

  await clock.advance(30);

  assertEquals(fired, ["a@10", "b1@20", "b2@20", "c@30"]);
  assertEquals([clock.now(), clock.pending], [30, 1]);
});

test("ManualClock.advance() fires timers that other timers and promises arm meanwhile", async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  (async () => {
    for (let step = 0; step < 5; step++) {
      for (let hop = 0; hop < 100; hop++) await null;
      await sleep(clock, 10);
      seen.push(clock.now());
    }
  })();

  await clock.advance(45);

  assertEquals(seen, [10, 20, 30, 40]);
  await clock.advance(5);
  assertEquals(seen, [10, 20, 30, 40, 50]);
});

test("ManualClock.advance() lets promise reactions run between two timers that are due together", async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  sleep(clock, 1).then(() => null).then(() => order.push("reaction of first"));
  clock.setTimeout(() => order.push("second"), 1);

  await clock.advance(1);

  assertEquals(order, ["reaction of first", "second"]);
});

test("ManualClock.advance() reads a Response body without real time", async () => {
  const clock = new ManualClock();
  let text = "";
  new Response(
    new ReadableStream({
      async pull(controller) {
        await sleep(clock, 10);
        controller.enqueue(new TextEncoder().encode("late"));
        controller.close();
      },
    }),
  ).text().then((body) => text = body);

  await clock.advance(10);

  assertEquals(text, "late");
});

test("ManualClock.clearTimeout() forgets a timer, fired or not, once or twice", async () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const first = clock.setTimeout(() => fired.push("first"), 1);
  const second = clock.setTimeout(() => fired.push("second"), 2);
  clock.clearTimeout(second);
  clock.clearTimeout(second);
  clock.clearTimeout(undefined);
  await clock.advance(5);
  clock.clearTimeout(first);

  assertEquals([fired, clock.pending], [["first"], 0]);
});

test("ManualClock keeps its order under a thousand random timers and removals", async () => {
  const clock = new ManualClock();
  const random = seededRandom(11);
  const fired: number[] = [];
  const expected: number[] = [];
  for (let index = 0; index < 1_000; index++) {
    const dueMs = Math.floor(random() * 100);
    const handle = clock.setTimeout(() => fired.push(dueMs * 10_000 + index), dueMs);
    if (random() < 0.3) clock.clearTimeout(handle);
    else expected.push(dueMs * 10_000 + index);
  }
  await clock.advance(100);

  assertEquals(fired, expected.sort((a, b) => a - b));
});

test("ManualClock.setTimeout() clamps a delay like the system does", async () => {
  const clock = new ManualClock();
  const fired: number[] = [];
  for (const ms of [-5, NaN, 2 ** 40]) clock.setTimeout(() => fired.push(clock.now()), ms);

  await clock.advance(0);
  assertEquals(fired, [0, 0]);
  await clock.advance(MAX_TIMER_MS - 1);
  assertEquals(fired.length, 2);
  await clock.advance(1);
  assertEquals(fired, [0, 0, MAX_TIMER_MS]);
});

test("ManualClock.run() jumps from timer to timer until the promise settles", async () => {
  const clock = new ManualClock();
  clock.setTimeout(() => {}, 1e9);
  const value = await clock.run((async () => {
    await sleep(clock, 3_600_000);
    await sleep(clock, 0.5);
    return "done";
  })());

  assertEquals([value, clock.now(), clock.pending], ["done", 3_600_000.5, 1]);
});

test("ManualClock.run() rejects with the promise's own reason", async () => {
  const clock = new ManualClock();
  const reason = { my: "reason" };
  const caught = await clock.run(sleep(clock, 1).then(() => Promise.reject(reason))).catch((error) => error);

  assertStrictEquals(caught, reason);
});

test("ManualClock.run() says that nothing can settle the promise", async () => {
  const clock = new ManualClock({ stalledAfterMs: 5 });

  await assertRejects(() => clock.run(new Promise(() => {})), Error, "no timer is armed");
});

test("ManualClock.run() waits for real work while no timer is armed", async () => {
  const clock = new ManualClock({ stalledAfterMs: 30_000 });
  const digest = await clock.run(crypto.subtle.digest("SHA-256", new Uint8Array(1_000_000)));
  await clock.run(new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => sleep(clock, 7)));

  assertEquals([digest.byteLength, clock.now()], [32, 7]);
});

for (const timeout of ["totalTimeoutMs", "timeoutMs"] as const) {
  for (const size of [10, 100_000, 1_000_000]) {
    test(`ManualClock.run() times out no request with ${timeout} and ${size} bytes because of its cache's disk`, async () => {
      await using folder = await tempFolder();
      const clock = new ManualClock();
      const now = () => clock.wallNow();
      let requests = 0;
      await using client = createClient({
        clock,
        [timeout]: 1_000,
        cache: ttlCache(filesystemCache(folder.path, { now }), { ttlMs: Infinity }),
        fetch: () => Promise.resolve(Response.json(`${++requests}`.padEnd(size))),
      });
      for (let count = 0; count < 10; count++) {
        const [outcome] = await clock.run(client.settle([`http://a.test/${count % 3}`]));
        assertEquals(outcome?.ok, true);
      }
      assertEquals([requests, clock.now() < 1_000], [3, true]);
    });
  }
}

test("ManualClock.advance() rejects with the error of a timer", async () => {
  const clock = new ManualClock();
  clock.setTimeout(() => {
    throw new Error("thrown by a timer");
  }, 1);

  await assertRejects(() => clock.advance(1), Error, "thrown by a timer");
});

test("ManualClock.setWall() and jump() change a reading and fire nothing", async () => {
  const clock = new ManualClock({ wallMs: 0 });
  const fired: number[] = [];
  clock.setTimeout(() => fired.push(clock.now()), 100);
  clock.setWall(5_000);
  clock.jump(1_000);
  assertEquals([clock.now(), clock.wallNow(), fired.length], [1_000, 5_000, 0]);
  clock.jump(-3_000);
  assertEquals(clock.now(), -2_000);

  await clock.advance(100);

  assertEquals([fired, clock.now(), clock.wallNow()], [[-1_900], -1_900, 5_100]);
});

test("ManualClock refuses bad times", async () => {
  assertThrows(
    () => new ManualClock({ nowMs: NaN }),
    RangeError,
    "'nowMs' must be a finite number: received NaN",
  );
  assertThrows(() => new ManualClock().setWall(Infinity), RangeError, "'wallMs'");
  assertThrows(() => new ManualClock().jump(NaN), RangeError, "'ms'");
  await assertRejects(
    () => new ManualClock().advance(-1),
    RangeError,
    "'ms' must be a number of at least 0: received -1",
  );
});

test("ManualClock stands still during work that holds it, and not during other work", async () => {
  for (
    const [isHeld, move] of [[true, "run"], [true, "advance"], [false, "run"], [false, "advance"]] as const
  ) {
    const clock = new ManualClock();
    const seen: string[] = [];
    const { promise, open } = gate();
    const start = () => promise.then(() => seen.push("work"));
    const work = isHeld ? clock.hold(start) : start();
    if (isHeld) setTimeout(open, 5);
    const slept = sleep(clock, 1_000).then(() => seen.push("timer"));
    await (move === "run" ? clock.run(slept) : clock.advance(1_000));
    open();
    await work;
    assertEquals(seen, isHeld ? ["work", "timer"] : ["timer", "work"]);
  }
});

/** Real work of two steps, between which the whole process stands still. */
async function interruptedWork(standstillMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  const endMs = performance.now() + standstillMs;
  while (performance.now() < endMs);
  await new Promise((resolve) => setTimeout(resolve, 1));
}

test("ManualClock does not count time in which the whole process stands still", async () => {
  const clock = new ManualClock({ stalledAfterMs: 100 });
  await clock.run(interruptedWork(200));

  const seen: string[] = [];
  clock.hold(() => interruptedWork(200).then(() => seen.push("work")));
  await clock.run(sleep(clock, 1_000).then(() => seen.push("timer")));
  assertEquals(seen, ["work", "timer"]);
});

test("ManualClock also holds for later steps of the work, and for work that fails", async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const step = () => new Promise((resolve) => setTimeout(resolve, 5));
  const first = clock.hold(() => step().then(() => Promise.reject(new Error("broken"))));
  first.catch(() => {
    seen.push("first");
    clock.hold(() => step().then(() => seen.push("second")));
  });
  await clock.run(sleep(clock, 1_000).then(() => seen.push("timer")));
  assertEquals(seen, ["first", "second", "timer"]);
});

test("ManualClock goes on after a while if held work does not end, and waits less the next time", async () => {
  const clock = new ManualClock();
  for (let nth = 0; nth < 50; nth++) {
    clock.hold(() => new Promise(() => {}));
    await clock.run(sleep(clock, 1_000));
  }
  assertEquals(clock.now(), 50_000);
});

test("ManualClock.hold() returns the result of the work, and does not wait for work that waits for the clock itself", async () => {
  const clock = new ManualClock();
  assertEquals(clock.hold(() => 5), 5);
  assertThrows(
    () =>
      clock.hold(() => {
        throw new Error("broken");
      }),
    Error,
    "broken",
  );
  for (let nth = 0; nth < 1_000; nth++) await clock.run(clock.hold(() => sleep(clock, 1_000)));
  assertEquals(clock.now(), 1_000_000);
});

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Permit } from "../../src/primitives/permit.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";

/** Checks that all permits are free, so that none has leaked. */
function assertAllFree(semaphore: Semaphore): void {
  assertEquals([semaphore.inUse, semaphore.waiting], [0, 0]);
  const permits = Array.from({ length: semaphore.capacity }, () => semaphore.tryAcquire());
  assert(permits.every((permit) => permit !== undefined));
  assertEquals(semaphore.tryAcquire(), undefined);
  for (const permit of permits) permit?.release();
}

function order(semaphore: Semaphore, started: string[], name: string, priority?: number): Promise<void> {
  return semaphore.acquire(1, { priority }).then((permit) => {
    started.push(name);
    permit.release();
  });
}

test("Semaphore refuses a capacity that is no positive integer", () => {
  for (const capacity of [0, -1, 1.5, NaN, -Infinity]) {
    assertThrows(() => new Semaphore(capacity), RangeError, `received ${capacity}`);
    assertThrows(
      () => new Semaphore(1).resize(capacity),
      RangeError,
      "Cannot resize semaphore as 'capacity'",
    );
  }
  assertThrows(
    () => new Semaphore("2" as unknown as number),
    TypeError,
    `Cannot create semaphore as 'capacity' must be a positive integer or Infinity: received "2"`,
  );
});

test("Semaphore refuses weights that are no integers of at least 0, or exceed the capacity, and blocks no caller", async () => {
  const semaphore = new Semaphore(2);
  for (const weight of [-1, 1.5, NaN, Infinity, 3]) {
    await assertRejects(() => semaphore.acquire(weight), RangeError, `received ${weight}`);
    await assertRejects(() => semaphore.run(() => 1, { weight }), RangeError, "'weight'");
    assertThrows(() => semaphore.tryAcquire(weight), RangeError, "'weight'");
  }
  await assertRejects(() => semaphore.acquire("1" as unknown as number), TypeError, "'weight'");
  await assertRejects(() => semaphore.acquire(3), RangeError, "an integer from 0 to 2: received 3");
  assertAllFree(semaphore);
});

test("Semaphore refuses a priority that is no number, also when a permit is free", async () => {
  const semaphore = new Semaphore(1);
  await assertRejects(() => semaphore.acquire(1, { priority: NaN }), RangeError, "'priority'");
  const priority = "high" as unknown as number;
  await assertRejects(() => semaphore.run(() => 1, { priority }), TypeError, "'priority'");
  assertAllFree(semaphore);
});

test("Semaphore refuses a bad signal, whether a permit is free or not, and loses none", async () => {
  const semaphore = new Semaphore(1);
  for (const signal of NO_SIGNALS) {
    for (const held of [undefined, semaphore.tryAcquire()]) {
      await assertRejects(
        () => semaphore.acquire(1, { signal }),
        TypeError,
        "'signal' must be an AbortSignal",
      );
      await assertRejects(() => semaphore.run(() => 1, { signal }), TypeError, "'signal'");
      assertEquals(semaphore.waiting, 0);
      held?.release();
    }
  }
  assertAllFree(semaphore);
});

test("Semaphore.run() refuses a bad function, and takes no permit", async () => {
  const semaphore = new Semaphore(1);
  await assertRejects(() => semaphore.run(1 as unknown as () => number), TypeError, "'fn'");
  assertAllFree(semaphore);
});

test("Semaphore of infinite capacity makes no caller wait", async () => {
  const semaphore = new Semaphore(Infinity);
  const permits = await Promise.all(Array.from({ length: 1_000 }, () => semaphore.acquire(5)));
  assertEquals([semaphore.inUse, semaphore.waiting, semaphore.capacity], [5_000, 0, Infinity]);
  for (const permit of permits) permit.release();
  assertEquals(semaphore.inUse, 0);
});

test("Semaphore.acquire() gives permits first in first out", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const started: string[] = [];
  const all = ["a", "b", "c", "d"].map((name) => order(semaphore, started, name));
  assertEquals(semaphore.waiting, 4);
  held.release();
  await Promise.all(all);

  assertEquals(started, ["a", "b", "c", "d"]);
  assertAllFree(semaphore);
});

test("Semaphore.acquire() gives higher priorities first, and keeps the order within one", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const started: string[] = [];
  const all = [
    order(semaphore, started, "low", -1),
    order(semaphore, started, "a"),
    order(semaphore, started, "high a", 5),
    order(semaphore, started, "b", 0),
    order(semaphore, started, "high b", 5),
  ];
  held.release();
  await Promise.all(all);

  assertEquals(started, ["high a", "high b", "a", "b", "low"]);
});

test("Semaphore lets no newcomer barge in, however soon after a release it comes", async () => {
  for (let offset = 0; offset <= 20; offset++) {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire();
    const started: string[] = [];
    const hold = async (name: string) => {
      const permit = await semaphore.acquire();
      started.push(name);
      await microtasks(3);
      permit.release();
    };
    const all = ["b", "c", "d"].map(hold);
    held.release();
    await microtasks(offset);
    const stolen = semaphore.waiting > 0 || semaphore.inUse > 0 ? semaphore.tryAcquire() : undefined;
    all.push(hold("e"));
    await Promise.all(all);

    assertEquals(stolen, undefined);
    assertEquals(started, ["b", "c", "d", "e"]);
    assertAllFree(semaphore);
  }
});

test("Semaphore.tryAcquire() refuses while any caller waits, of whatever priority", async () => {
  const semaphore = new Semaphore(3);
  const held = await semaphore.acquire(2);
  const controller = new AbortController();
  const heavy = watch(semaphore.acquire(2, { signal: controller.signal, priority: -10 }));
  assertEquals(semaphore.tryAcquire(), undefined);

  controller.abort();
  const light = semaphore.tryAcquire();
  assert(light !== undefined);
  assertEquals(semaphore.tryAcquire(), undefined);
  await microtasks(2);
  assertEquals(heavy.state, "rejected");
  held.release();
  light.release();
  assertAllFree(semaphore);
});

test("Semaphore.acquire() lets weight 0 pass while others wait, and its permit gives nothing back", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const waiter = semaphore.acquire();
  const nothing = await semaphore.acquire(0);
  assertEquals(nothing.weight, 0);
  nothing.release();
  semaphore.tryAcquire(0)?.release();
  assertEquals(await semaphore.run(() => "run", { weight: 0 }), "run");
  assertEquals([semaphore.inUse, semaphore.waiting], [1, 1]);

  held.release();
  (await waiter).release();
  assertAllFree(semaphore);
});

test("Semaphore makes light waiters wait behind a heavy one, and the heavy one is served", async () => {
  const semaphore = new Semaphore(10);
  const held = await semaphore.acquire(1);
  const started: string[] = [];
  const heavy = semaphore.acquire(10).then((permit) => {
    started.push("heavy");
    return permit;
  });
  const light = order(semaphore, started, "light");
  await microtasks(5);
  assertEquals([started, semaphore.waiting], [[], 2]);

  held.release();
  (await heavy).release();
  await light;
  assertEquals(started, ["heavy", "light"]);
});

test("Semaphore.acquire() that is aborted wakes the callers that it held up, at once and without a release", async () => {
  const semaphore = new Semaphore(10);
  const held = await semaphore.acquire(1);
  const controller = new AbortController();
  const heavy = watch(semaphore.acquire(10, { signal: controller.signal }));
  const light = watch(semaphore.acquire(1));
  const heavyAgain = watch(semaphore.acquire(9));
  controller.abort("enough");

  assertEquals([semaphore.inUse, semaphore.waiting], [2, 1]);
  await microtasks(1);
  assertEquals([heavy.state, heavy.error], ["rejected", "enough"]);
  assertEquals([light.state, heavyAgain.state], ["fulfilled", "pending"]);
  light.value!.release();
  await microtasks(1);
  heavyAgain.value!.release();
  held.release();
  assertAllFree(semaphore);
});

test("Semaphore.acquire() leaves the queue at once when its signal aborts, and rejects with the reason itself", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const controller = new AbortController();
  const reason = { why: "test" };
  const aborted = watch(semaphore.acquire(1, { signal: controller.signal }));
  const next = watch(semaphore.acquire());
  controller.abort(reason);
  assertEquals(semaphore.waiting, 1);
  await microtasks(1);
  assertEquals(aborted.state, "rejected");
  assertStrictEquals(aborted.error, reason);

  held.release();
  await microtasks(1);
  assertEquals(next.state, "fulfilled");
  next.value!.release();
  assertAllFree(semaphore);
});

test("Semaphore takes no permit for a signal that has already aborted", async () => {
  const semaphore = new Semaphore(1);
  const reason = new Error("early");
  const signal = AbortSignal.abort(reason);
  let calls = 0;
  assertStrictEquals(await assertRejects(() => semaphore.acquire(1, { signal })), reason);
  assertStrictEquals(await assertRejects(() => semaphore.run(() => calls++, { signal })), reason);

  assertEquals(calls, 0);
  assertAllFree(semaphore);
});

test("Semaphore loses no permit when an abort races the grant, in either order and at any microtask", async () => {
  for (const abortFirst of [true, false]) {
    for (let offset = 0; offset <= 10; offset++) {
      const semaphore = new Semaphore(1);
      const held = await semaphore.acquire();
      const controller = new AbortController();
      const waiter = watch(semaphore.acquire(1, { signal: controller.signal }));
      const second = watch(semaphore.acquire());
      if (abortFirst) {
        controller.abort("abort");
        await microtasks(offset);
        held.release();
      } else {
        held.release();
        await microtasks(offset);
        controller.abort("abort");
      }
      await microtasks(5);
      assertEquals(waiter.state, abortFirst ? "rejected" : "fulfilled");
      waiter.value?.release();
      await microtasks(5);
      assertEquals(second.state, "fulfilled");
      second.value!.release();
      assertAllFree(semaphore);
    }
  }
});

test("Semaphore.run() that is aborted at any microtask gives back its permit", async () => {
  for (let offset = 0; offset <= 20; offset++) {
    const semaphore = new Semaphore(2);
    const controller = new AbortController();
    const { signal } = controller;
    const runs = Array.from({ length: 6 }, () => watch(semaphore.run(() => microtasks(3), { signal })));
    await microtasks(offset);
    controller.abort("abort");
    await microtasks(30);

    assertEquals(runs.filter((run) => run.state === "pending").length, 0);
    assertEquals(runs.slice(0, 2).map((run) => run.state), ["fulfilled", "fulfilled"]);
    assertAllFree(semaphore);
  }
});

test("Semaphore.run() does not call its function when the signal aborts between the grant and the call", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const controller = new AbortController();
  let calls = 0;
  const run = watch(semaphore.run(() => calls++, { signal: controller.signal }));
  held.release();
  controller.abort("late");
  await microtasks(5);

  assertEquals([calls, run.state, run.error], [0, "rejected", "late"]);
  assertAllFree(semaphore);
});

test("Semaphore.run() needs only the abort event of a signal, such as of a custom implementation", async () => {
  for (const isAborted of [false, true]) {
    const semaphore = new Semaphore(1);
    const signal = Object.assign(new EventTarget(), { aborted: false, reason: undefined as unknown });
    const held = await semaphore.acquire();
    const run = watch(semaphore.run(() => "done", { signal: signal as unknown as AbortSignal }));
    held.release();
    if (isAborted) Object.assign(signal, { aborted: true, reason: "no more" });
    await microtasks(5);
    const expected = isAborted ? ["rejected", "no more"] : ["fulfilled", "done"];
    assertEquals([run.state, isAborted ? run.error : run.value], expected);
    assertAllFree(semaphore);
  }
});

test("Semaphore grants no permit to a waiter whose signal has aborted, while the signal still calls other listeners", async () => {
  const semaphore = new Semaphore(10);
  const held = await semaphore.acquire(1);
  const controller = new AbortController();
  const { signal } = controller;
  const heavy = watch(semaphore.acquire(10, { signal }));
  const light = watch(semaphore.acquire(1, { signal }));
  const other = watch(semaphore.acquire(1));
  controller.abort("both");
  await microtasks(1);

  assertEquals([heavy.state, light.state, other.state], ["rejected", "rejected", "fulfilled"]);
  assertEquals(light.error, "both");
  held.release();
  other.value!.release();
  assertAllFree(semaphore);
});

test("Semaphore admits no extra caller when a permit is disposed twice while another is held", async () => {
  const semaphore = new Semaphore(2);
  const first = await semaphore.acquire();
  const second = await semaphore.acquire();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  first.release();
  assertEquals(semaphore.inUse, 1);
  const third = semaphore.tryAcquire();
  assert(third !== undefined);
  assertEquals(semaphore.tryAcquire(), undefined);

  second.release();
  third.release();
  assertAllFree(semaphore);
});

test("Semaphore.resize() up wakes as many waiters as fit", async () => {
  const semaphore = new Semaphore(2);
  const held = [await semaphore.acquire(), await semaphore.acquire()];
  const waiters = Array.from({ length: 6 }, () => watch(semaphore.acquire()));
  semaphore.resize(5);
  await microtasks(1);

  assertEquals([semaphore.inUse, semaphore.waiting, semaphore.capacity], [5, 3, 5]);
  assertEquals(waiters.map((waiter) => waiter.state === "fulfilled"), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  for (const permit of held) permit.release();
  await microtasks(1);
  assertEquals(semaphore.waiting, 1);
});

test("Semaphore.resize() down takes no permit away, and admits no caller until enough are free", async () => {
  const semaphore = new Semaphore(5);
  const held: Permit[] = [];
  for (let index = 0; index < 5; index++) held.push(await semaphore.acquire());
  semaphore.resize(1);
  const waiter = watch(semaphore.acquire());
  for (let left = 4; left >= 1; left--) {
    held.pop()!.release();
    await microtasks(1);
    assertEquals([semaphore.inUse, waiter.state], [left, "pending"]);
  }
  held.pop()!.release();
  await microtasks(1);

  assertEquals([semaphore.inUse, waiter.state], [1, "fulfilled"]);
  waiter.value!.release();
  assertAllFree(semaphore);
});

test("Semaphore.resize() below a waiter's weight keeps it waiting until it fits again or aborts", async () => {
  const semaphore = new Semaphore(4);
  const held = await semaphore.acquire(4);
  const controller = new AbortController();
  const heavy = watch(semaphore.acquire(3, { signal: controller.signal }));
  const heavyToo = watch(semaphore.acquire(3));
  const light = watch(semaphore.acquire(1));
  semaphore.resize(2);
  held.release();
  await microtasks(1);
  assertEquals([heavy.state, heavyToo.state, light.state], ["pending", "pending", "pending"]);

  controller.abort();
  await microtasks(1);
  assertEquals([heavy.state, heavyToo.state, light.state], ["rejected", "pending", "pending"]);
  semaphore.resize(3);
  await microtasks(1);
  assertEquals([heavyToo.state, light.state], ["fulfilled", "pending"]);
  heavyToo.value!.release();
  await microtasks(1);
  light.value!.release();
  assertAllFree(semaphore);
});

test("Semaphore.resize() while a release is being passed on keeps the counts right", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const waiters = Array.from({ length: 3 }, () => watch(semaphore.acquire()));
  held.release();
  semaphore.resize(2);
  semaphore.resize(1);
  await microtasks(2);

  assertEquals(waiters.map((waiter) => waiter.state), ["fulfilled", "fulfilled", "pending"]);
  assertEquals(semaphore.inUse, 2);
  for (const waiter of waiters) {
    await microtasks(1);
    waiter.value!.release();
  }
  assertAllFree(semaphore);
});

test("Semaphore.run() gives the permit back once, however its function ends", async () => {
  const semaphore = new Semaphore(1);
  const error = new Error("task");
  const badThenable: PromiseLike<never> = {
    then: () => {
      throw error;
    },
  };
  const eager: PromiseLike<number> = {
    // deno-lint-ignore no-explicit-any -- a thenable that breaks all rules at once
    then: (resolve: any, reject: any) => {
      resolve(1);
      reject(error);
      throw error;
    },
  };
  const throws = () => {
    throw error;
  };
  for (const fn of [throws, () => Promise.reject(error), () => badThenable]) {
    assertStrictEquals(await assertRejects(() => semaphore.run(fn)), error);
    assertAllFree(semaphore);
  }
  assertEquals(await semaphore.run(() => eager), 1);
  assertEquals(await semaphore.run(() => "plain"), "plain");
  assertAllFree(semaphore);

  const held = await semaphore.acquire();
  const waiting = watch(semaphore.run(throws));
  held.release();
  await microtasks(10);
  assertStrictEquals(waiting.error, error);
  assertAllFree(semaphore);
});

test("Semaphore.run() calls functions in the async context of their own callers, whichever gives the permit back", async () => {
  const storage = new AsyncLocalStorage<number>();
  const semaphore = new Semaphore(2);
  const permit = await semaphore.acquire();
  const seen: (number | undefined)[][] = [];
  const work = async () => {
    const before = storage.getStore();
    await microtasks(2);
    seen.push([before, storage.getStore()]);
  };
  const runs = Array.from(
    { length: 6 },
    (_, index) => storage.run(index, () => semaphore.run(work, { weight: 1 + index % 2, priority: index })),
  );
  storage.run(-1, () => permit.release());
  storage.run(-2, () => semaphore.resize(3));
  await Promise.all(runs);
  assertEquals(seen.toSorted(), [0, 1, 2, 3, 4, 5].map((index) => [index, index]));
});

test("Semaphore.run() keeps the permit of an aborted function until that has really ended", async () => {
  const semaphore = new Semaphore(2);
  const controller = new AbortController();
  const stubborn: PromiseWithResolvers<string>[] = [];
  let running = 0;
  let most = 0;
  const fn = async () => {
    most = Math.max(most, ++running);
    const end = Promise.withResolvers<string>();
    stubborn.push(end);
    const value = await end.promise;
    running--;
    return value;
  };
  const aborted = [1, 2].map(() => watch(semaphore.run(fn, { signal: controller.signal })));
  const others = [3, 4].map(() => watch(semaphore.run(fn)));
  controller.abort("give up");
  await microtasks(10);
  assertEquals([semaphore.inUse, semaphore.waiting, running], [2, 2, 2]);
  assertEquals(aborted.map((run) => run.state), ["pending", "pending"]);

  for (const index of [0, 1, 2, 3]) {
    stubborn[index]!.resolve(`end ${index}`);
    await microtasks(10);
  }
  assertEquals(most, 2);
  assertEquals([...aborted, ...others].map((run) => run.value), ["end 0", "end 1", "end 2", "end 3"]);
  assertAllFree(semaphore);
});

test("Semaphore.run() works through 100,000 functions that end at once, in order and within the stack", async () => {
  const semaphore = new Semaphore(1);
  const started: number[] = [];
  const runs = Array.from({ length: 100_000 }, (_, index) => semaphore.run(() => void started.push(index)));
  await Promise.all(runs);

  assert(started.every((name, index) => name === index));
  assertEquals(started.length, 100_000);
  assertAllFree(semaphore);
});

test("Semaphore puts one listener on a signal for 100,000 waiters, and none for a caller that is served at once", async () => {
  const semaphore = new Semaphore(1);
  const controller = new AbortController();
  const { signal } = controller;
  const count = countAbortListeners(signal);
  const held = await semaphore.acquire(1, { signal });
  assertEquals(count.most, 0);

  const waiters = Array.from({ length: 100_000 }, () => watch(semaphore.acquire(1, { signal })));
  assertEquals(count, { now: 1, most: 1 });
  controller.abort("all");
  assertEquals([semaphore.waiting, count.now], [0, 0]);
  await microtasks(1);
  assert(waiters.every((waiter) => waiter.state === "rejected" && waiter.error === "all"));
  held.release();
  assertAllFree(semaphore);
});

test("Semaphore removes its listener from the signal when the last waiter was served", async () => {
  const semaphore = new Semaphore(1);
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  await Promise.all(Array.from({ length: 10 }, () => semaphore.run(() => microtasks(2), { signal })));

  assertEquals(count, { now: 0, most: 1 });
});

test("Semaphore keeps its promises under random weights, priorities, aborts and resizes (S11)", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = seededRandom(seed);
    const integer = (below: number) => Math.floor(random() * below);
    const semaphore = new Semaphore(4);
    let held = 0;
    let limit = 4;
    const tasks: Promise<unknown>[] = [];
    for (let step = 0; step < 120; step++) {
      const controller = new AbortController();
      const weight = integer(5);
      const options = { weight, priority: integer(3), signal: controller.signal };
      tasks.push(
        semaphore.run(async () => {
          held += weight;
          assert(held <= limit, `${held} held of ${limit}`);
          await microtasks(integer(6));
          held -= weight;
          if (integer(5) === 0) throw new Error("task");
        }, options).catch((error) => assert(error === "abort" || error.message === "task", String(error))),
      );
      const fate = integer(9);
      if (fate < 3) controller.abort("abort");
      else if (fate < 5) microtasks(integer(20)).then(() => controller.abort("abort"));
      if (integer(10) === 0) {
        const capacity = 4 + integer(4);
        // Permits above a lowered capacity stay valid until they are given back.
        limit = Math.max(limit, capacity);
        semaphore.resize(capacity);
      }
      await microtasks(integer(4));
    }
    await Promise.all(tasks);
    assertEquals(held, 0);
    assertAllFree(semaphore);
  }
});

test("Semaphore.acquire() of a higher priority that fits does not wait for a heavy waiter of a lower one", async () => {
  for (const how of ["acquire", "run"] as const) {
    const semaphore = new Semaphore(4);
    const held = await semaphore.acquire(2);
    const heavy = watch(semaphore.acquire(3));
    const light = watch(semaphore.acquire(1));
    const urgent = how === "acquire"
      ? watch(semaphore.acquire(1, { priority: 1 }))
      : watch(semaphore.run(() => semaphore.tryAcquire(0)!, { priority: 1 }));
    await microtasks(10);
    assertEquals([urgent.state, heavy.state, light.state], ["fulfilled", "pending", "pending"]);
    urgent.value!.release();
    held.release();
    await microtasks(10);
    assertEquals([heavy.state, light.state], ["fulfilled", "fulfilled"]);
    heavy.value!.release();
    light.value!.release();
    assertAllFree(semaphore);
  }
});

test("Semaphore admits all waiters that fit when the heavy head of the queue aborts, or the capacity grows", async () => {
  const semaphore = new Semaphore(4);
  const held = await semaphore.acquire(2);
  const controller = new AbortController();
  const heavy = watch(semaphore.acquire(4, { signal: controller.signal }));
  const others = [1, 1, 2].map((weight) => watch(semaphore.acquire(weight)));
  controller.abort();
  await microtasks(10);
  assertEquals([heavy.state, ...others.map(({ state }) => state)], [
    "rejected",
    "fulfilled",
    "fulfilled",
    "pending",
  ]);
  semaphore.resize(6);
  await microtasks(10);
  assertEquals(others[2]!.state, "fulfilled");
  for (const { value } of others) value!.release();
  held.release();
  assertAllFree(semaphore);
});

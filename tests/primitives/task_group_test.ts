import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { AdaptiveLimit } from "../../src/primitives/adaptive_limit.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { TaskGroup, type TaskGroupOptions } from "../../src/primitives/task_group.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";

/** Rejects with the signal's reason when it aborts, and never ends otherwise. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

test("TaskGroup refuses bad options, naming them", () => {
  const cases: [Record<string, unknown>, typeof RangeError | typeof TypeError, string][] = [
    [{ semaphore: 0 }, RangeError, "'capacity'"],
    [
      { semaphore: "3" },
      TypeError,
      "Cannot create task group as 'semaphore' must be a semaphore or a capacity",
    ],
    [{ semaphore: new AdaptiveLimit() }, TypeError, "'semaphore' must be a semaphore or a capacity"],
    [{ semaphore: { acquire: () => {} } }, TypeError, "'semaphore'"],
    [{ semaphore: null }, TypeError, "'semaphore'"],
    [{ collectResults: 1 }, TypeError, "'collectResults' must be true or false: received 1"],
    [{ collectErrors: "no" }, TypeError, "'collectErrors'"],
    [
      { concurrency: 4 },
      TypeError,
      "Cannot create task group as 'concurrency' is not an option: there are 'semaphore',",
    ],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => new TaskGroup(options as TaskGroupOptions), type, message);
  }
});

test("TaskGroup refuses a bad signal", () => {
  for (const signal of NO_SIGNALS) {
    assertThrows(() => new TaskGroup({ signal }), TypeError, "'signal' must be an AbortSignal");
  }
});

test("TaskGroup waits for all tasks at the end of its block, and has their results in the order of spawning", async () => {
  const group = new TaskGroup<number>();
  {
    await using tasks = group;
    for (let index = 0; index < 5; index++) {
      await tasks.spawn(async () => {
        await microtasks(20 - 4 * index);
        return index;
      });
    }
    assertEquals(tasks.results(), []);
  }

  assertEquals(group.results(), [0, 1, 2, 3, 4]);
  assertEquals(group.errors(), []);
});

test("TaskGroup.spawn() waits for a permit, so that a loop goes no faster than its tasks", async () => {
  await using group = new TaskGroup<number>({ semaphore: 3 });
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  let spawned = 0;
  const loop = (async () => {
    for (const end of ends) {
      await group.spawn(() => end.promise);
      spawned++;
    }
  })();
  await microtasks(50);
  assertEquals(spawned, 3);
  ends[1]!.resolve(1);
  await microtasks(50);
  assertEquals(spawned, 4);
  ends.forEach((end, index) => end.resolve(index));
  await loop;
  await group.wait();

  assertEquals(group.results(), [0, 1, 2, 3, 4]);
});

test("TaskGroup runs 1,000 tasks with never more than its capacity at once", async () => {
  const random = seededRandom(4);
  const semaphore = new Semaphore(3);
  await using group = new TaskGroup<number>({ semaphore });
  let running = 0;
  let most = 0;
  for (let index = 0; index < 1_000; index++) {
    await group.spawn(async () => {
      most = Math.max(most, ++running);
      await microtasks(Math.floor(random() * 10));
      running--;
      return index;
    });
  }
  await group.wait();

  assertEquals(most, 3);
  assertEquals(group.results(), Array.from({ length: 1_000 }, (_, index) => index));
  assertEquals(semaphore.inUse, 0);
});

test("TaskGroup.spawn() starts at once without a semaphore", async () => {
  await using group = new TaskGroup<number>();
  const end = Promise.withResolvers<number>();
  let running = 0;
  for (let index = 0; index < 100; index++) {
    await group.spawn(() => {
      running++;
      return end.promise;
    });
  }
  assertEquals(running, 100);
  end.resolve(1);
});

test("TaskGroup.spawn() refuses bad options, also without a semaphore", async () => {
  for (const semaphore of [undefined, 3]) {
    await using group = new TaskGroup<number>({ semaphore });
    for (const options of [{ weight: -1 }, { weight: 0.5 }, { weight: NaN }, { priority: NaN }]) {
      await assertRejects(() => group.spawn(() => 1, options), RangeError, Object.keys(options)[0]);
    }
    await assertRejects(
      () => group.spawn(() => 1, { weight: "2" as unknown as number }),
      TypeError,
      "weight",
    );
    assertEquals(group.results(), []);
  }
  await using group = new TaskGroup<number>();
  await group.spawn(() => 1, { weight: Number.MAX_SAFE_INTEGER, priority: 2 });
});

test("TaskGroup.spawn() passes weight and priority on to the semaphore, which may be shared", async () => {
  const semaphore = new Semaphore(4);
  const held = await semaphore.acquire(4);
  const started: string[] = [];
  await using group = new TaskGroup<void>({ semaphore });
  const spawn = (name: string, weight: number, priority: number) =>
    group.spawn(() => {
      started.push(`${name} ${semaphore.inUse}`);
    }, { weight, priority });
  const spawns = [spawn("low", 1, 0), spawn("high", 3, 1)];
  await microtasks(5);
  assertEquals([started, semaphore.waiting], [[], 2]);
  held.release();
  await Promise.all(spawns);
  await group.wait();

  assertEquals(started, ["high 4", "low 4"]);
  await assertRejects(() => spawn("impossible", 5, 0), RangeError, "'weight'");
});

test("TaskGroup.spawn() returns a handle that shows the state of the task", async () => {
  await using group = new TaskGroup<string>();
  const end = Promise.withResolvers<string>();
  const first = await group.spawn(() => end.promise);
  const second = await group.spawn(() => Promise.reject(new Error("second")));
  assertEquals([first.index, second.index, first.status], [0, 1, "running"]);
  end.resolve("value");

  assertEquals(await first.result, "value");
  await assertRejects(() => second.result, Error, "second");
  assertEquals([first.status, second.status], ["fulfilled", "rejected"]);
});

test("TaskGroup collects errors and goes on, and a rejection that is not read causes no unhandled rejection", async () => {
  const group = new TaskGroup<number>({ semaphore: 2 });
  {
    await using tasks = group;
    for (let index = 0; index < 6; index++) {
      await tasks.spawn(() => {
        if (index === 1) throw new Error("sync");
        return index === 4 ? Promise.reject(new Error("async")) : index;
      });
    }
  }

  assertEquals(group.results(), [0, 2, 3, 5]);
  assertEquals(group.errors().map((error) => (error as Error).message), ["sync", "async"]);
  assertEquals(group.signal.aborted, false);
});

test("TaskGroup gives errors in the order of spawning, whatever the order of failing", async () => {
  const group = new TaskGroup();
  await group.spawn(async () => {
    await microtasks(10);
    return await Promise.reject("slow");
  });
  await group.spawn(() => Promise.reject("fast"));
  await group.wait();

  assertEquals(group.errors(), ["slow", "fast"]);
});

test("TaskGroup throws when asked for results that it does not collect", async () => {
  const group = new TaskGroup<number>({ collectResults: false, collectErrors: false });
  const handle = await group.spawn(() => 7);
  await group.wait();
  assertThrows(() => group.results(), TypeError, "'collectResults' must be true");
  assertThrows(() => group.errors(), TypeError, "'collectErrors' must be true");
  assertEquals(await handle.result, 7);
});

test("TaskGroup that does not collect errors aborts the others at the first failure, and throws it at the end", async () => {
  const error = new Error("first");
  const seen: unknown[] = [];
  const ended: string[] = [];
  const block = async () => {
    await using group = new TaskGroup({ collectErrors: false });
    for (let index = 0; index < 2; index++) {
      await group.spawn(async (signal) => {
        await untilAborted(signal).catch((reason) => seen.push(reason));
        await microtasks(20);
        ended.push(`task ${index}`);
        throw new Error("consequence");
      });
    }
    await group.spawn(() => Promise.reject(error));
  };
  assertStrictEquals(await assertRejects(block), error);

  assertEquals(seen, [error, error]);
  assertEquals(ended, ["task 0", "task 1"]);
});

test("TaskGroup throws its failure from the spawn() that meets it, and not again at the end of the block", async () => {
  const error = new Error("first");
  let started = 0;
  const block = async () => {
    await using group = new TaskGroup({ collectErrors: false, semaphore: 2 });
    for (let index = 0; index < 100; index++) {
      await group.spawn((signal) => {
        started++;
        return index === 1 ? Promise.reject(error) : untilAborted(signal);
      });
    }
  };
  assertStrictEquals(await assertRejects(block), error);
  assertEquals(started, 2);
});

test("TaskGroup.wait() throws the failure each time, and the end of the block then does not", async () => {
  const error = new Error("first");
  const group = new TaskGroup({ collectErrors: false });
  await group.spawn(() => Promise.reject(error));
  assertStrictEquals(await assertRejects(() => group.wait()), error);
  assertStrictEquals(await assertRejects(() => group.wait()), error);
  await group[Symbol.asyncDispose]();
});

test("TaskGroup throws its failure at the end of the block only once", async () => {
  const group = new TaskGroup({ collectErrors: false });
  await group.spawn(() => Promise.reject(new Error("first")));
  await assertRejects(async () => await group[Symbol.asyncDispose](), Error, "first");
  await group[Symbol.asyncDispose]();
});

test("TaskGroup.spawn() after a failure rejects with it, and starts nothing", async () => {
  const group = new TaskGroup<number>({ collectErrors: false });
  const error = new Error("first");
  let calls = 0;
  await group.spawn(() => Promise.reject(error));
  await microtasks(5);
  assertStrictEquals(await assertRejects(() => group.spawn(() => calls++)), error);
  assertEquals(calls, 0);
});

test("TaskGroup passes the abort of the outer signal on to tasks and to spawn(), and waits until tasks have ended", async () => {
  const controller = new AbortController();
  const reason = { why: "test" };
  const seen: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  const group = new TaskGroup<void>({ semaphore: 1, signal: controller.signal });
  await group.spawn(async (signal) => {
    await untilAborted(signal).catch((error) => seen.push(error));
    await ended.promise;
  });
  let calls = 0;
  const pending = watch(group.spawn(() => void calls++));
  controller.abort(reason);
  await microtasks(10);
  assertEquals([pending.state, seen.length, calls], ["rejected", 1, 0]);
  assertStrictEquals(pending.error, reason);
  assertStrictEquals(seen[0], reason);
  assertStrictEquals(group.signal.reason, reason);

  const leaving = watch(group[Symbol.asyncDispose]());
  await microtasks(20);
  assertEquals(leaving.state, "pending");
  ended.resolve();
  await microtasks(20);
  assertEquals([leaving.state, group.errors()], ["fulfilled", []]);
});

test("TaskGroup that does not collect errors throws the outer signal's reason at the end, if it ended a task", async () => {
  const controller = new AbortController();
  const reason = new Error("outer");
  const block = async () => {
    await using group = new TaskGroup({ collectErrors: false, signal: controller.signal });
    await group.spawn(untilAborted);
    controller.abort(reason);
  };
  assertStrictEquals(await assertRejects(block), reason);
});

test("TaskGroup starts nothing under an outer signal that has already aborted", async () => {
  const reason = new Error("early");
  let calls = 0;
  await using group = new TaskGroup<void>({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => group.spawn(() => void calls++)), reason);
  assertEquals(calls, 0);
});

test("TaskGroup puts one listener on the outer signal, and removes it at the end", async () => {
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  {
    await using group = new TaskGroup<number>({ semaphore: 2, signal });
    for (let index = 0; index < 100; index++) await group.spawn(() => index);
    assertEquals(count, { now: 1, most: 1 });
  }
  assertEquals(count, { now: 0, most: 1 });
});

test("TaskGroup.abort() ends tasks and waiting calls of spawn(), and the end of the block does not throw", async () => {
  const semaphore = new Semaphore(1);
  const group = new TaskGroup<never>({ semaphore, collectErrors: false });
  const task = await group.spawn(untilAborted);
  const pending = watch(group.spawn(untilAborted));
  group.abort("enough");
  await group[Symbol.asyncDispose]();

  assertEquals([pending.error, task.status, semaphore.inUse], ["enough", "rejected", 0]);
});

test("TaskGroup.abort() lets a block that throws keep its own error", async () => {
  const error = new Error("block");
  const block = async () => {
    await using group = new TaskGroup({ collectErrors: false });
    try {
      await group.spawn(untilAborted);
      throw error;
    } catch (cause) {
      group.abort(cause);
      throw cause;
    }
  };
  assertStrictEquals(await assertRejects(block), error);
});

test("TaskGroup waits for its tasks when its block throws", async () => {
  let ended = false;
  const block = async () => {
    await using group = new TaskGroup<void>();
    await group.spawn(async () => {
      await microtasks(50);
      ended = true;
    });
    throw new Error("block");
  };
  await assertRejects(block, Error, "block");
  assertEquals(ended, true);
});

test("TaskGroup ends every task that was spawned before its block ended, and accepts none afterwards", async () => {
  // The later the call comes after the last task, the more likely the block has been left.
  for (let turns = -1; turns < 8; turns++) {
    for (const collectErrors of [true, false]) {
      const group = new TaskGroup<string>({ collectErrors });
      const first = await group.spawn(() => microtasks(3).then(() => "first"));
      const late = watch((async () => {
        if (turns >= 0) await first.result;
        await microtasks(Math.max(0, turns));
        await group.spawn(() => microtasks(20).then(() => "late"));
      })());
      await group[Symbol.asyncDispose]();
      const results = group.results();
      await microtasks(50);
      assertEquals(late.state === "fulfilled", results.includes("late"));
      assertEquals(group.results(), results);
    }
  }
  const empty = new TaskGroup<string>();
  const leaving = empty[Symbol.asyncDispose]();
  await assertRejects(() => empty.spawn(() => "late"), TypeError, "has been left");
  await leaving;
});

test("TaskGroup lets tasks spawn tasks, also while the block ends, and accepts none afterwards", async () => {
  const group = new TaskGroup<string>({ semaphore: 4 });
  const spawnTree = async (depth: number): Promise<string> => {
    await microtasks(3);
    if (depth > 0) {
      await group.spawn(() => spawnTree(depth - 1));
      await group.spawn(() => spawnTree(depth - 1));
    }
    return `depth ${depth}`;
  };
  {
    await using tasks = group;
    await tasks.spawn(() => spawnTree(1));
  }
  assertEquals(group.results(), ["depth 1", "depth 0", "depth 0"]);
  await assertRejects(() => group.spawn(() => "late"), TypeError, "has been left");
});

test("TaskGroup.spawn() refuses a bad function, and takes no permit", async () => {
  const semaphore = new Semaphore(1);
  await using group = new TaskGroup({ semaphore });
  await assertRejects(() => group.spawn(1 as unknown as () => void), TypeError, "'fn'");
  assertEquals(semaphore.inUse, 0);
});

test("TaskGroup waits at the end for calls of spawn() that were not awaited", async () => {
  const started: number[] = [];
  {
    await using group = new TaskGroup<void>({ semaphore: 1 });
    for (let index = 0; index < 5; index++) void group.spawn(() => void started.push(index));
  }
  assertEquals(started, [0, 1, 2, 3, 4]);
});

test("TaskGroup.wait() without tasks resolves, and the group stays usable", async () => {
  await using group = new TaskGroup<number>();
  await group.wait();
  await group.spawn(() => 1);
  await group.wait();
  await group.spawn(() => 2);
  await group.wait();
  assertEquals(group.results(), [1, 2]);
});

test("TaskGroup leaks no permit when it is aborted at any microtask", async () => {
  for (let offset = 0; offset <= 30; offset++) {
    const semaphore = new Semaphore(2);
    const controller = new AbortController();
    const group = new TaskGroup<void>({ semaphore, signal: controller.signal });
    let running = 0;
    const spawns = Array.from({ length: 6 }, () =>
      watch(group.spawn(async () => {
        running++;
        await microtasks(4);
        running--;
      })));
    await microtasks(offset);
    controller.abort("abort");
    const runningAtAbort = running;
    await microtasks(1);
    assert(running <= runningAtAbort);
    await group[Symbol.asyncDispose]();
    await microtasks(5);

    assertEquals([running, semaphore.inUse, semaphore.waiting], [0, 0, 0]);
    assert(spawns.every(({ state, error }) => state === "fulfilled" || error === "abort"));
  }
});

test("TaskGroup() refuses a value that is no options object", () => {
  for (const options of [null, 5, "x", true, () => 1] as never[]) {
    assertThrows(
      () => new TaskGroup(options),
      TypeError,
      "Cannot create task group as the options must be an object: received",
    );
  }
});

test("TaskGroup() names 'signal' when that is bad", () => {
  for (const signal of [5, "x", null, {}, { aborted: false }] as never[]) {
    assertThrows(
      () => new TaskGroup({ signal }),
      TypeError,
      "Cannot create task group as 'signal' must be an AbortSignal",
    );
  }
});

test("TaskGroup.spawn() refuses a bad weight and a bad priority, also in a group without a semaphore", async () => {
  for (const semaphore of [undefined, 3]) {
    await using group = new TaskGroup<number>({ semaphore });
    await assertRejects(() => group.spawn(() => 1, { weight: -1 }), RangeError, "'weight'");
    await assertRejects(
      () => group.spawn(() => 1, { weight: "2" as unknown as number }),
      TypeError,
      "'weight'",
    );
    await assertRejects(() => group.spawn(() => 1, { priority: NaN }), RangeError, "'priority'");
    await group.wait();
    assertEquals([group.results(), group.errors()], [[], []]);
  }
});

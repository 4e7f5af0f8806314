import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Clock, MAX_TIMER_MS } from "../../src/primitives/clock.ts";
import { type Deadline, DeadlineQueue, type DeadlineTarget } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { RecordingClock } from "../support/recording_clock.ts";
import { LosingClock } from "../support/losing_clock.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";

function recorder(clock: Clock, met: string[], name: string): DeadlineTarget {
  return { onDeadline: () => void met.push(`${name}@${clock.now()}`) };
}

function timeout(clock: Clock, met: string[], name: string): DeadlineTarget {
  return { ...recorder(clock, met, name), isTimeout: true };
}

test("DeadlineQueue meets deadlines in time order, first added first met among equals", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  for (const [name, delayMs] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20], ["b3", 20]] as const) {
    queue.add(recorder(clock, met, name), delayMs);
  }
  assertEquals([queue.size, clock.pending], [5, 1]);
  await clock.advance(100);

  assertEquals(met, ["a@10", "b1@20", "b2@20", "b3@20", "c@30"]);
  assertEquals([queue.size, clock.pending], [0, 0]);
});

test("DeadlineQueue hands the deadline to its target", async () => {
  const clock = new ManualClock({ nowMs: 7 });
  const queue = new DeadlineQueue(clock);
  const met: Deadline[] = [];
  const deadline = queue.add({ onDeadline: (each) => void met.push(each) }, 5);
  assertEquals(deadline.atMs, 12);
  await clock.advance(5);

  assertStrictEquals(met[0], deadline);
});

test("DeadlineQueue uses one timer however many deadlines there are, and clears it with the last", () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const deadlines = Array.from(
    { length: 10_000 },
    (_, index) => queue.add(recorder(clock, [], "x"), 1_000 + index),
  );
  assertEquals([clock.pending, clock.delaysMs.length], [1, 1]);
  for (const deadline of deadlines.slice(1)) queue.remove(deadline);
  assertEquals(clock.pending, 1);
  queue.remove(deadlines[0]!);

  assertEquals([queue.size, clock.pending, clock.delaysMs.length], [0, 0, 1]);
});

test("DeadlineQueue.remove() of the earliest deadline does not arm a new timer; the old one then finds the next deadline", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const first = queue.add(recorder(clock, met, "first"), 10);
  queue.add(recorder(clock, met, "second"), 50);
  queue.remove(first);
  assertEquals(clock.delaysMs.length, 1);
  await clock.advance(10);
  assertEquals([met.length, clock.delaysMs.length], [0, 2]);
  await clock.advance(40);

  assertEquals(met, ["second@50"]);
  assertEquals(clock.pending, 0);
});

test("DeadlineQueue.add() of an earlier deadline arms the timer for it", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add(recorder(clock, met, "late"), 100);
  queue.add(recorder(clock, met, "early"), 10);
  assertEquals(clock.pending, 1);
  await clock.advance(10);
  assertEquals(met, ["early@10"]);
  await clock.advance(90);
  assertEquals(met, ["early@10", "late@100"]);
});

test("DeadlineQueue.add() treats a negative delay as 0, and refuses a value that is no number", async () => {
  const clock = new ManualClock({ nowMs: 3 });
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add(recorder(clock, met, "negative"), -1_000);
  queue.add(recorder(clock, met, "zero"), 0);
  queue.add(recorder(clock, met, "minus infinity"), -Infinity);
  assertEquals(met, []);
  assertThrows(() => queue.add(recorder(clock, met, "x"), NaN), RangeError, "'delayMs'");
  assertThrows(() => queue.add(recorder(clock, met, "x"), "5" as unknown as number), TypeError, "'delayMs'");
  await clock.advance(0);

  assertEquals(met, ["negative@3", "zero@3", "minus infinity@3"]);
});

test("DeadlineQueue.add() with an infinite delay never fires, and arms nothing", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const never = queue.add(recorder(clock, met, "never"), Infinity);
  assertEquals([never.atMs, queue.size, clock.pending], [Infinity, 0, 0]);
  queue.remove(never);
  await clock.advance(1e12);

  assertEquals(met, []);
});

test("DeadlineQueue.add() accepts the time from a caller that has just read the clock", async () => {
  const clock = new ManualClock({ nowMs: 100 });
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  assertEquals(queue.add(recorder(clock, met, "a"), 10, 95).atMs, 105);
  await clock.advance(5);

  assertEquals(met, ["a@105"]);
});

test("DeadlineQueue meets a deadline beyond the longest timer on time, not before (S5)", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const delayMs = 3 * MAX_TIMER_MS + 5;
  queue.add(recorder(clock, met, "far"), delayMs);
  await clock.advance(delayMs - 1);
  assertEquals([met.length, clock.pending, clock.delaysMs.length], [0, 1, 4]);
  await clock.advance(1);

  assertEquals(met, [`far@${delayMs}`]);
});

test("DeadlineQueue keeps waiting when its timer is early by the clock", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add(recorder(clock, met, "a"), 10);
  clock.jump(-3);
  await clock.advance(10);
  assertEquals([met.length, clock.pending], [0, 1]);
  await clock.advance(3);

  assertEquals(met, ["a@10"]);
});

test("DeadlineQueue meets the other deadlines when a target throws, and the timer throws the error", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const error = new Error("target");
  queue.add(recorder(clock, met, "a"), 10);
  queue.add({
    onDeadline: () => {
      throw error;
    },
  }, 10);
  queue.add(recorder(clock, met, "c"), 10);
  queue.add(recorder(clock, met, "d"), 20);
  assertStrictEquals(await assertRejects(() => clock.advance(10)), error);
  await clock.advance(10);

  assertEquals(met, ["a@10", "c@10", "d@20"]);
});

test("DeadlineQueue.remove() works from within a target, for deadlines that are due at the same time", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add({ onDeadline: () => queue.remove(second) }, 10);
  const second = queue.add(recorder(clock, met, "second"), 10);
  queue.add(recorder(clock, met, "third"), 10);
  await clock.advance(10);

  assertEquals(met, ["third@10"]);
});

test("DeadlineQueue meets a deadline that a target adds in the timer's next turn, even with a delay of 0", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  let turns = 0;
  const again: DeadlineTarget = {
    onDeadline: () => {
      if (++turns < 5) queue.add(again, 0);
    },
  };
  queue.add(again, 10);
  await clock.advance(10);

  assertEquals([turns, clock.delaysMs.length, clock.pending], [5, 5, 0]);
});

test("DeadlineQueue.remove() does nothing for a deadline that was met or removed, or belongs to another queue", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const other = new DeadlineQueue(clock);
  const met: string[] = [];
  const first = queue.add(recorder(clock, met, "first"), 10);
  const second = other.add(recorder(clock, met, "second"), 10);
  queue.remove(second);
  await clock.advance(10);
  queue.remove(first);
  queue.remove(first);

  assertEquals(met, ["first@10", "second@10"]);
});

test("DeadlineQueue.clear() forgets all deadlines and the timer, and the queue stays usable", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const forgotten = queue.add(recorder(clock, met, "forgotten"), 10);
  queue.add(recorder(clock, met, "forgotten too"), 20);
  queue.clear();
  assertEquals([queue.size, clock.pending], [0, 0]);
  queue.remove(forgotten);
  queue.add(recorder(clock, met, "new"), 30);
  await clock.advance(30);

  assertEquals(met, ["new@30"]);
});

test("DeadlineQueue.sleep() resolves when the time has passed, and a sleep of 0 on a timer's turn", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const none = watch(queue.sleep(0));
  const long = watch(queue.sleep(1_000));
  await microtasks(20);
  assertEquals(none.state, "pending");
  await clock.advance(0);
  assertEquals([none.state, long.state], ["fulfilled", "pending"]);
  await clock.advance(999);
  assertEquals(long.state, "pending");
  await clock.advance(1);

  assertEquals(long.state, "fulfilled");
});

test("DeadlineQueue.sleep() rejects at once when its signal aborts, and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const controller = new AbortController();
  const count = countAbortListeners(controller.signal);
  const reason = { why: "test" };
  const sleeps = Array.from({ length: 100 }, () => watch(queue.sleep(1_000, { signal: controller.signal })));
  assertEquals(count, { now: 1, most: 1 });
  controller.abort(reason);
  assertEquals([queue.size, clock.pending, count.now], [0, 0, 0]);
  await microtasks(1);

  assert(sleeps.every((sleep) => sleep.state === "rejected" && sleep.error === reason));
});

test("DeadlineQueue.sleep() leaves no listener when it has slept", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  await clock.run(queue.sleep(1_000, { signal }));

  assertEquals(count, { now: 0, most: 1 });
});

test("DeadlineQueue.sleep() does not begin with a signal that has aborted, or with a bad delay", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const reason = new Error("early");
  const error = await assertRejects(() => queue.sleep(1_000, { signal: AbortSignal.abort(reason) }));
  assertStrictEquals(error, reason);
  await assertRejects(() => queue.sleep(NaN), RangeError, "'delayMs'");

  assertEquals([clock.delaysMs.length, queue.size], [0, 0]);
});

test("DeadlineQueue.sleep() refuses a bad signal, and leaves nothing behind", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  for (const signal of NO_SIGNALS) {
    await assertRejects(() => queue.sleep(1_000, { signal }), TypeError, "'signal' must be an AbortSignal");
  }

  assertEquals([clock.delaysMs.length, queue.size], [0, 0]);
});

test("DeadlineQueue.sleep() for ever ends with its signal, also after clear()", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const controller = new AbortController();
  const forever = watch(queue.sleep(Infinity, { signal: controller.signal }));
  const cleared = watch(queue.sleep(10, { signal: controller.signal }));
  queue.clear();
  await clock.advance(100);
  assertEquals([forever.state, cleared.state, clock.pending], ["pending", "pending", 0]);
  controller.abort("end");
  await microtasks(1);

  assertEquals([forever.error, cleared.error], ["end", "end"]);
});

test("DeadlineQueue refuses a bad clock", () => {
  assertThrows(() => new DeadlineQueue({} as Clock), TypeError, "'clock'");
});

test("DeadlineQueue meets every remaining deadline, once and on time, under random additions and removals", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    const met: number[] = [];
    const expected: number[] = [];
    const waiting = new Map<number, Deadline>();
    for (let step = 0; step < 200; step++) {
      const dueMs = clock.now() + Math.floor(random() * 50);
      const target: DeadlineTarget = {
        onDeadline: (deadline) => {
          assertEquals(clock.now(), deadline.atMs);
          waiting.delete(step);
          met.push(step);
        },
      };
      waiting.set(step, queue.add(target, dueMs - clock.now()));
      if (random() < 0.4) {
        const [name, deadline] = [...waiting][Math.floor(random() * waiting.size)]!;
        queue.remove(deadline);
        waiting.delete(name);
        expected.push(name);
      }
      if (random() < 0.3) await clock.advance(Math.floor(random() * 20));
      assertEquals(queue.size, waiting.size);
    }
    await clock.advance(100);
    assertEquals([queue.size, clock.pending, waiting.size], [0, 0, 0]);
    assertEquals(
      [...met, ...expected].sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, index) => index),
    );
  }
});

test("DeadlineQueue gives its clock no negative delay, however late it is, and none that is too long (S5)", async () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add(recorder(clock, met, "believed"), 5, clock.now() - 100);
  // While the queue handles the first deadline, the second one becomes overdue.
  queue.add({ onDeadline: () => clock.jump(50) }, 10);
  queue.add(recorder(clock, met, "overdue"), 20);
  queue.add({
    onDeadline: () => {
      clock.jump(50);
      queue.add(recorder(clock, met, "added"), 0, clock.now() - 50);
    },
  }, 15);
  await clock.advance(1_000);
  assertEquals(met.map((each) => each.split("@")[0]).sort(), ["added", "believed", "overdue"]);
  queue.remove(queue.add(recorder(clock, met, "late"), 2 ** 40));
  assertEquals(clock.delaysMs.filter((delayMs) => !(delayMs >= 0 && delayMs <= MAX_TIMER_MS)), []);
  assert(clock.delaysMs.includes(0) && clock.delaysMs.includes(MAX_TIMER_MS));
});

test("DeadlineQueue arms its timer anew for the next deadline that is added, if the timer is lost", async () => {
  const clock = new LosingClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  clock.isLosing = true;
  queue.add(recorder(clock, met, "a"), 10);
  clock.isLosing = false;
  // The timer may only be late so far.
  await clock.advance(1_010);
  queue.add(recorder(clock, met, "b"), 5_000);
  await clock.advance(1);
  assertEquals([met, clock.pending], [[], 0]);
  queue.add(recorder(clock, met, "c"), 10);
  assertEquals(clock.pending, 1);
  await clock.advance(5_000);
  assertEquals(met, ["a@1011", "c@1021", "b@6010"]);
});

test("DeadlineQueue.rearm() arms a lost timer anew, and no other", async () => {
  const clock = new LosingClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.rearm(clock.now());
  assertEquals(clock.pending, 0);
  clock.isLosing = true;
  queue.add(recorder(clock, met, "a"), 10);
  clock.isLosing = false;
  for (const [advanceMs, pending] of [[0, 1], [1_010, 0], [1, 1]] as const) {
    await clock.advance(advanceMs);
    queue.rearm(clock.now());
    assertEquals(clock.pending, pending);
  }
  await clock.advance(0);
  assertEquals(met, ["a@1011"]);
});

test("DeadlineQueue arms a timer that is overdue only once for many deadlines, as when the program was busy for long", () => {
  const clock = new RecordingClock();
  const queue = new DeadlineQueue(clock);
  const target = { onDeadline() {} };
  queue.add(target, 10);
  clock.jump(60_000);
  for (let n = 0; n < 100; n++) queue.add(target, 1_000);
  assertEquals(clock.delaysMs, [10, 0]);
});

test("DeadlineQueue puts an overdue timeout off by as much as it was late, its own delay, or 5 s, and meets a wait at once", async () => {
  for (
    const [delayMs, lateMs, graceMs] of [[1_000, 49, 0], [1_000, 50, 50], [1_000, 4_000, 1_000], [
      30_000,
      90_000,
      5_000,
    ]] as const
  ) {
    const clock = new ManualClock();
    const queue = new DeadlineQueue(clock);
    const met: string[] = [];
    queue.add(timeout(clock, met, "timeout"), delayMs);
    queue.add(recorder(clock, met, "wait"), delayMs);
    clock.jump(lateMs);
    await clock.advance(delayMs);
    await clock.advance(100_000);
    const wait = `wait@${delayMs + lateMs}`;
    const late = `timeout@${delayMs + lateMs + graceMs}`;
    assertEquals(met, graceMs === 0 ? [late, wait] : [wait, late]);
    assertEquals([queue.size, clock.pending], [0, 0]);
  }
});

test("DeadlineQueue puts a timeout off four times at most", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  queue.add(timeout(clock, met, "timeout"), 100);
  for (let turn = 1; turn <= 5; turn++) {
    clock.jump(1_000);
    await clock.advance(100);
    assertEquals(met.length, turn === 5 ? 1 : 0);
  }
});

test("DeadlineQueue.remove() removes a timeout that was put off", async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const met: string[] = [];
  const deadline = queue.add(timeout(clock, met, "timeout"), 1_000);
  clock.jump(1_000);
  await clock.advance(1_000);
  assertEquals([deadline.atMs, queue.size, clock.pending], [3_000, 1, 1]);
  queue.remove(deadline);
  await clock.advance(10_000);
  assertEquals([met, queue.size, clock.pending], [[], 0, 0]);
});

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Clock } from "../../src/primitives/clock.ts";
import type { Deadline, DeadlineTarget } from "../../src/primitives/deadline_queue.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function recorder(clock: Clock, met: string[], name: string): DeadlineTarget {
  return { onDeadline: () => void met.push(`${name}@${clock.now()}`) };
}

test("SeparateDeadlines gives each deadline a timer of its own, and arms none beforehand", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  assertEquals(clock.pending, 0);
  const met: string[] = [];
  for (const [name, delayMs] of [["c", 30], ["a", 10], ["b", 20]] as const) {
    deadlines.add(recorder(clock, met, name), delayMs);
  }
  assertEquals(clock.pending, 3);
  await clock.advance(20);
  assertEquals([met, clock.pending], [["a@10", "b@20"], 1]);
  await clock.advance(10);

  assertEquals([met, clock.pending], [["a@10", "b@20", "c@30"], 0]);
});

test("SeparateDeadlines.remove() lets the timer run on, which other code may rely on, but meets no deadline", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  const met: string[] = [];
  const first = deadlines.add(recorder(clock, met, "first"), 10);
  const second = deadlines.add(recorder(clock, met, "second"), 20);
  deadlines.remove(first);
  deadlines.remove(first);
  assertEquals(clock.pending, 2);
  await clock.advance(100);
  deadlines.remove(second);

  assertEquals([met, clock.pending], [["second@20"], 0]);
});

test("SeparateDeadlines.remove() may cancel another deadline that is due at the same moment", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  const met: string[] = [];
  deadlines.add({ onDeadline: () => deadlines.remove(other) }, 10);
  const other = deadlines.add(recorder(clock, met, "other"), 10);
  await clock.advance(10);

  assertEquals([met, clock.pending], [[], 0]);
});

test("SeparateDeadlines hands the deadline to its target, with its moment", async () => {
  const clock = new ManualClock({ nowMs: 7 });
  const deadlines = new SeparateDeadlines(clock);
  const met: Deadline[] = [];
  const deadline = deadlines.add({ onDeadline: (each) => void met.push(each) }, 5);
  assertEquals(deadline.atMs, 12);
  assertEquals(deadlines.add({ onDeadline() {} }, 5, 100).atMs, 105);
  await clock.advance(1_000);

  assertStrictEquals(met[0], deadline);
});

test("SeparateDeadlines arms no timer for an infinite delay, and refuses a bad one", () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  const never = deadlines.add(recorder(clock, [], "never"), Infinity);
  assertEquals([never.atMs, clock.pending], [Infinity, 0]);
  deadlines.remove(never);
  assertThrows(() => deadlines.add(recorder(clock, [], "x"), NaN), RangeError, "'delayMs'");
  assertEquals(clock.pending, 0);
});

test("SeparateDeadlines meets the others when the target of one throws", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  const met: string[] = [];
  deadlines.add({
    onDeadline() {
      throw new Error("target");
    },
  }, 10);
  deadlines.add(recorder(clock, met, "other"), 10);
  await assertRejects(() => clock.advance(10), Error, "target");
  await clock.advance(0);

  assertEquals([met, clock.pending], [["other@10"], 0]);
});

test("SeparateDeadlines.sleep() ends after its time, or at once with the signal's reason", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  await clock.run(deadlines.sleep(500));
  assertEquals(clock.now(), 500);

  const controller = new AbortController();
  const cut = deadlines.sleep(500, { signal: controller.signal });
  const whole = deadlines.sleep(500);
  assertEquals(clock.pending, 2);
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => cut), reason);
  assertEquals(clock.pending, 1);
  await clock.run(whole);
  assertEquals([clock.now(), clock.pending], [1_000, 0]);
});

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ClosingTarget } from "../../src/policies/opener.ts";
import { Interruption } from "../../src/streams/interruption.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection, watch } from "../support/settled.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";

function setUp(signals: readonly AbortSignal[] = []) {
  const clock = new ManualClock();
  const targets = new Set<ClosingTarget>();
  const closings = {
    closing: undefined as { readonly reason: unknown } | undefined,
    add: (target: ClosingTarget) => void targets.add(target),
    delete: (target: ClosingTarget) => void targets.delete(target),
  };
  const interruption = new Interruption({ clock, random: () => 0, closings }, signals);
  return { clock, targets, closings, interruption };
}

test("Interruption.delay() waits for its time, also longer than one timer can", async () => {
  const { clock, targets, interruption } = setUp();
  await clock.run(interruption.delay(1_500));
  assertEquals(clock.now(), 1_500);
  await clock.run(interruption.delay(5_000_000_000));
  assertEquals([clock.now(), clock.pending, targets.size], [5_000_001_500, 0, 0]);
});

test("Interruption.throwIfStopped() throws the reason of a signal or of the close, and nothing before", () => {
  const controller = new AbortController();
  const { closings, interruption } = setUp([controller.signal]);
  const reason = new Error("enough");
  interruption.throwIfStopped();
  closings.closing = { reason };
  assertThrows(() => interruption.throwIfStopped(), Error, "enough");
  closings.closing = undefined;
  controller.abort(reason);
  assertThrows(() => interruption.throwIfStopped(), Error, "enough");
});

test("Interruption.delay() rejects with the signal's reason itself, and leaves no timer and no listener", async () => {
  const controller = new AbortController();
  const listeners = countAbortListeners(controller.signal);
  const { clock, targets, interruption } = setUp([controller.signal]);
  const reason = new Error("enough");

  const waiting = watch(interruption.delay(1_000));
  await clock.advance(500);
  controller.abort(reason);
  await clock.advance(0);
  assertStrictEquals(waiting.error, reason);
  assertEquals([clock.pending, targets.size, listeners.now], [0, 0, 0]);
  assertStrictEquals(await rejection(interruption.delay(1)), reason);
  assertStrictEquals(await rejection(interruption.settle(Promise.resolve(1))), reason);
  assertEquals([clock.pending, targets.size], [0, 0]);
});

test("Interruption.delay() rejects when the client closes, or has closed", async () => {
  const { clock, targets, closings, interruption } = setUp();
  const waiting = watch(interruption.delay(1_000));
  for (const target of targets) target.onClose("closed");
  await clock.advance(0);
  assertEquals([waiting.state, waiting.error, clock.pending, targets.size], ["rejected", "closed", 0, 0]);
  closings.closing = { reason: "closed before" };
  assertEquals(await rejection(interruption.delay(1_000)), "closed before");
});

test("Interruption.settle() returns the result or the error of the work", async () => {
  const { targets, interruption } = setUp();
  assertEquals(await interruption.settle(Promise.resolve(7)), 7);
  assertEquals(await rejection(interruption.settle(Promise.reject("no"))), "no");
  assertEquals(targets.size, 0);
});

test("Interruption.stop() ends a wait for work that never ends, and a late end does no harm", async () => {
  const { clock, interruption } = setUp();
  const { promise, resolve } = Promise.withResolvers<number>();
  const waiting = watch(interruption.settle(promise));
  interruption.stop();
  interruption.stop();
  await clock.advance(0);
  assertEquals([waiting.state, (waiting.error as Error).name], ["rejected", "AbortError"]);

  const next = watch(interruption.delay(1_000));
  resolve(1);
  await clock.advance(999);
  assertEquals(next.state, "pending");
  await clock.advance(1);
  assertEquals(next.state, "fulfilled");
});

test("Interruption.settle() handles the rejection of work that fails after an interruption", async () => {
  for (const when of ["before", "at once", "later"] as const) {
    const controller = new AbortController();
    const { clock, targets, interruption } = setUp([controller.signal]);
    const { promise, reject } = Promise.withResolvers<number>();
    if (when === "at once") reject(new Error("late"));
    if (when !== "later") controller.abort("enough");
    const waiting = watch(interruption.settle(promise));
    if (when === "later") controller.abort("enough");
    await clock.advance(0);
    assertEquals([waiting.error, targets.size], ["enough", 0]);
    // An unhandled rejection would fail the test.
    reject(new Error("late"));
    await clock.advance(0);
  }
});

test("Interruption leaves no listener on its signals, however the work ends", async () => {
  const controllers = [new AbortController(), new AbortController()];
  const signals = controllers.map(({ signal }) => signal);
  const counts = signals.map(countAbortListeners);
  const { clock, targets, closings, interruption } = setUp(signals);
  await clock.run(interruption.delay(1_000));
  await interruption.settle(Promise.resolve(7));
  await rejection(interruption.settle(Promise.reject("no")));
  const waits = [() => interruption.stop(), () => targets.forEach((target) => target.onClose("closed"))];
  for (const end of waits) {
    const waiting = rejection(interruption.delay(1_000));
    end();
    await waiting;
  }
  closings.closing = { reason: "closed" };
  await rejection(interruption.delay(1_000));
  assertEquals(counts.map(({ now, most }) => [now, most]), [[0, 1], [0, 1]]);
  assertEquals([clock.pending, targets.size], [0, 0]);
});

test("Interruption.settle() waits for a limited time, and leaves no timer", async () => {
  const { clock, targets, interruption } = setUp();
  const late = new Error("late");
  const limit = { untilMs: 5_000_000_000, error: () => late };
  assertEquals(await interruption.settle(Promise.resolve(7), limit), 7);
  assertEquals(await rejection(interruption.settle(Promise.reject("no"), limit)), "no");
  assertEquals([clock.pending, targets.size], [0, 0]);
  assertStrictEquals(await clock.run(rejection(interruption.settle(new Promise(() => {}), limit))), late);
  assertEquals([clock.now(), clock.pending, targets.size], [5_000_000_000, 0, 0]);
  assertEquals(await interruption.settle(Promise.resolve(8), limit), 8);
});

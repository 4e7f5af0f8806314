import { assertEquals, assertStrictEquals } from "@std/assert";
import { Relays } from "../../src/client/relays.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { microtasks } from "../support/microtasks.ts";
import { test } from "../support/test.ts";

/** Creates relays whose calls wait for a second, and records the calls whose leader was too slow. */
function setUp() {
  const clock = new ManualClock();
  const lost: unknown[] = [];
  const relays = new Relays(new SeparateDeadlines(clock), (call) => void lost.push(call));
  const call = fakeCall({ settings: { timeoutMs: 1_000 } });
  return { clock, relays, call, lost };
}

test("Relays.tell() at once answers a call that does not wait here", () => {
  const { relays, call } = setUp();
  let answers = 0;
  relays.tell(call, () => answers++);
  assertEquals(answers, 1);
});

test("Relays.tell() answers a waiting call from a promise of its own, once", async () => {
  const { clock, relays, call, lost } = setUp();
  let answers = 0;
  relays.watch(call);
  relays.tell(call, () => answers++);
  assertEquals(answers, 0);
  await microtasks(2);
  assertEquals(answers, 1);
  // The deadline passes after the call has been answered.
  await clock.advance(5_000);
  assertEquals([answers, lost], [1, []]);
});

test("Relays answers a call that was told at its deadline no later than then, and once", async () => {
  let nowMs = 0;
  let fire = (): void => {};
  const clock = {
    now: () => nowMs,
    wallNow: () => nowMs,
    setTimeout: (callback: () => void) => void (fire = callback),
    clearTimeout() {},
  };
  let lost = 0;
  const relays = new Relays(new SeparateDeadlines(clock), () => lost++);
  const call = fakeCall({ settings: { timeoutMs: 1_000 } });
  let answers = 0;
  relays.watch(call);
  nowMs = 1_000;
  relays.tell(call, () => answers++);
  fire();
  assertEquals([answers, lost], [1, 0]);
  await microtasks(10);
  assertEquals([answers, lost], [1, 0]);
});

test("Relays sends a call by itself if its leader does not end within the call's timeout", async () => {
  const { clock, relays, call, lost } = setUp();
  relays.watch(call);
  await clock.advance(999);
  assertEquals(lost, []);
  await clock.advance(1);
  assertEquals(lost.length, 1);
  assertStrictEquals(lost[0], call);
});

test("Relays.forget() removes a call that has ended: it is neither reported as lost nor answered again", async () => {
  const { clock, relays, call, lost } = setUp();
  relays.watch(call);
  relays.forget(call);
  await clock.advance(5_000);
  assertEquals(lost, []);
});

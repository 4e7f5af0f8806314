import { assertEquals, assertStrictEquals } from "@std/assert";
import { Relays } from "../../src/client/relays.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { microtasks } from "../support/microtasks.ts";
import { test } from "../support/test.ts";

/** Relays, whose calls wait for a second, and those calls that have waited in vain. */
function setUp() {
  const clock = new ManualClock();
  const lost: unknown[] = [];
  const relays = new Relays(new SeparateDeadlines(clock), (call) => void lost.push(call));
  const call = fakeCall({ settings: { timeoutMs: 1_000 } });
  return { clock, relays, call, lost };
}

test("Relays.tell() answers a call that does not wait here at once", () => {
  const { relays, call } = setUp();
  let answers = 0;
  relays.tell(call, () => answers++);
  assertEquals(answers, 1);
});

test("Relays.tell() has a call that waits answered by a promise of its own, and once", async () => {
  const { clock, relays, call, lost } = setUp();
  let answers = 0;
  relays.watch(call);
  relays.tell(call, () => answers++);
  assertEquals(answers, 0);
  await microtasks(2);
  assertEquals(answers, 1);
  // Its deadline passes when nobody waits for it any more.
  await clock.advance(5_000);
  assertEquals([answers, lost], [1, []]);
});

test("Relays answers a call that was told at its deadline at the latest, and once", async () => {
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

test("Relays lets a call go alone whose leader does not end within its timeout", async () => {
  const { clock, relays, call, lost } = setUp();
  relays.watch(call);
  await clock.advance(999);
  assertEquals(lost, []);
  await clock.advance(1);
  assertEquals(lost.length, 1);
  assertStrictEquals(lost[0], call);
});

test("Relays.forget() takes out a call that has ended: it is neither lost nor answered once more", async () => {
  const { clock, relays, call, lost } = setUp();
  relays.watch(call);
  relays.forget(call);
  await clock.advance(5_000);
  assertEquals(lost, []);
});

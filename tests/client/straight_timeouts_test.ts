import { assertEquals } from "@std/assert";
import { StraightTimeouts, type TimedWay } from "../../src/client/straight_timeouts.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { LinkedQueue } from "../../src/primitives/linked_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** Creates the timeouts of a way that records late calls, and when the timer looks whether the origins answer. */
function setUp({ hedging }: { readonly hedging?: object | undefined } = {}) {
  const clock = new ManualClock();
  const looks: number[] = [];
  const late: (readonly [Call, number])[] = [];
  const calls = new LinkedQueue<Call>();
  const environment = {
    clock,
    hedging,
    deadlines: new DeadlineQueue(clock),
    scheduler: { silentLanes: { look: (nowMs: number) => void looks.push(nowMs) } },
  } as unknown as Environment;
  const way: TimedWay = {
    cancel() {},
    timeOut: (call, nowMs) => {
      late.push([call, nowMs]);
      call.pending = undefined;
    },
  };
  const inFlight = {
    get firstCall() {
      return calls.head;
    },
  };
  const timeouts = new StraightTimeouts(environment, way, inFlight);
  /** Sends a call now, as the way does. */
  const send = (timeoutMs: number): Call => {
    const nowMs = clock.now();
    const call = Object.assign(fakeCall({ settings: { timeoutMs } }), { attemptedAtMs: nowMs, pending: way });
    calls.push(call);
    if (call.timeoutAtMs < timeouts.scanAtMs) timeouts.scanAt(call.timeoutAtMs, nowMs);
    return call;
  };
  return { clock, looks, late, way, timeouts, send };
}

test("StraightTimeouts ends each attempt that is still in flight at its timeout, with one timer for all", async () => {
  const { clock, late, send } = setUp();
  const first = send(300);
  const second = send(100);
  const answered = send(200);
  answered.pending = undefined;
  assertEquals(clock.pending, 1);

  await clock.advance(99);
  assertEquals(late, []);
  await clock.advance(1);
  assertEquals(late, [[second, 100]]);
  await clock.advance(1_000);
  assertEquals(late, [[second, 100], [first, 300]]);
  assertEquals(clock.pending, 0);
});

test("StraightTimeouts does not end an attempt that the end of an earlier one has ended", async () => {
  const { clock, late, way, send } = setUp();
  const [first, second] = [send(100), send(100)];
  const { timeOut } = way;
  way.timeOut = (call, nowMs) => {
    second.pending = undefined;
    timeOut(call, nowMs);
  };
  await clock.advance(100);
  assertEquals(late, [[first, 100]]);
});

test("StraightTimeouts looks whether the origins answer while attempts are in flight, unless the client hedges", async () => {
  for (const hedging of [undefined, {}]) {
    const { clock, late, looks, timeouts, send } = setUp({ hedging });
    const call = send(30_000);
    await clock.advance(29_999);
    assertEquals([looks.length > 0, late.length], [hedging === undefined, 0]);
    await clock.advance(1);
    assertEquals(late, [[call, 30_000]]);

    send(30_000);
    timeouts.disarm();
    const before = looks.length;
    await clock.advance(60_000);
    assertEquals([looks.length, late.length, clock.pending], [before, 1, 0]);
  }
});

test("StraightTimeouts says from when on its timer counts as lost, and sets another one", async () => {
  const { clock, late, timeouts, send } = setUp();
  assertEquals(timeouts.lostAtMs, Infinity);
  const call = send(100);
  assertEquals(timeouts.lostAtMs, 1_100);
  timeouts.scanAt(clock.now(), clock.now());
  await clock.advance(100);
  assertEquals([late, timeouts.lostAtMs, timeouts.scanAtMs], [[[call, 100]], Infinity, Infinity]);
});

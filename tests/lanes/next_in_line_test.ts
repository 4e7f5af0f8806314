import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Errand } from "../../src/lanes/errand.ts";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { KeyedLines } from "../../src/lanes/keyed_lines.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { firstOf, isFirstOf, noteFavour } from "../../src/lanes/next_in_line.ts";
import { type Place, Waiter } from "../../src/lanes/waiter.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

class Guest extends Waiter<Lane> {
  onAdmitted(): undefined {}
  onRefused(): void {}
}

function laneOf(): Lane {
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock: new ManualClock() });
  return new Lane({ key: "a", breaker, bucket: undefined });
}

function wait(lane: Lane, errand: Errand = fakeCall(), isUrgent = false): Guest {
  const guest = new Guest(errand, [lane], isUrgent);
  guest.enterAll();
  return guest;
}

test("firstOf() prefers the urgent request, then the highest priority, then the earliest", () => {
  const lane = laneOf();
  assertEquals(firstOf(lane), undefined);
  const plain = wait(lane);
  assertStrictEquals(firstOf(lane), plain);
  wait(lane);
  const high = wait(lane, fakeCall({ settings: { priority: 1 } }));
  assertStrictEquals(firstOf(lane), high);
  const urgent = wait(lane, fakeCall(), true);
  assertStrictEquals(firstOf(lane), urgent);
});

test("firstOf() passes over an aborted request and one whose batch has no room, which it remembers", () => {
  const lane = laneOf();
  const full = fakeAllowance(1, 1);
  full.active = 1;
  wait(lane, fakeCall({ allowance: full }));
  wait(lane, Object.defineProperty(fakeCall(), "isAborted", { value: true }));
  assertEquals([firstOf(lane), full.hasRefused], [undefined, true]);
  const free = wait(lane);
  assertStrictEquals(firstOf(lane), free);
});

test("firstOf() sends a request as a probe that was never sent, if there is one", () => {
  const lane = laneOf();
  lane.breaker!.settle(lane.breaker!.enter(), "failure");
  const sent = wait(lane, Object.assign(fakeCall(), { attempts: 1 }), true);
  lane.refresh();
  assertStrictEquals(firstOf(lane), sent);
  const fresh = wait(lane);
  lane.refresh();
  assertStrictEquals(firstOf(lane), fresh);
});

test("firstOf() sends a request that was sent once as every fourth probe, and one that was sent twice as another", () => {
  const lane = laneOf();
  lane.breaker!.settle(lane.breaker!.enter(), "failure");
  const [, once] = [3, 1, 0, 2].map((attempts) => wait(lane, Object.assign(fakeCall(), { attempts })));
  const sent = (): number[] =>
    Array.from({ length: 8 }, (_, probes) => {
      lane.probes = probes;
      lane.refresh();
      return firstOf(lane)!.errand.attempts;
    });
  assertEquals(sent(), [0, 1, 0, 2, 0, 1, 0, 2]);
  once!.leaveAll();
  assertEquals(sent(), [0, 0, 0, 2, 0, 0, 0, 2]);
});

test("isFirstOf() is true of the head of a line that is not blocked", () => {
  const lane = laneOf();
  const [first, second] = [wait(lane), wait(lane)];
  assertEquals([isFirstOf(lane, first, 0), isFirstOf(lane, second, 0)], [true, false]);
  lane.limit.current = 0;
  assertEquals(isFirstOf(lane, first, 0), false);
});

test("firstOf() gives one turn in 16 to the longest waiting request of a lower priority", () => {
  const lane = laneOf();
  const chosen: number[] = [];
  for (const priority of [-3, 2]) wait(lane, fakeCall({ settings: { priority } }));
  for (let n = 0; n < 40; n++) wait(lane, fakeCall({ settings: { priority: 7 } }));
  for (let n = 0; n < 42; n++) {
    const first = firstOf(lane)!;
    noteFavour(lane, first);
    first.leaveAll();
    chosen.push(first.priority);
  }
  assertEquals([chosen.indexOf(-3), chosen.indexOf(2), chosen.length], [15, 31, 42]);
});

test("firstOf() passes over requests that their key's limit holds, also urgent ones", () => {
  const keyed = new KeyedLines<Lane>((key) => new KeyLine<Place<Lane>>(key, undefined), () => true);
  const lane = new Lane({ key: "a", breaker: undefined, bucket: undefined, keyed });
  const keyedCall = (limitKey: string) => Object.assign(fakeCall(), { limitKey });
  const held = wait(lane, keyedCall("x"), true);
  wait(lane, keyedCall("x"));
  keyed.lineOf("x").isBlocked = true;
  assertEquals([firstOf(lane), lane.head, lane.queued], [undefined, undefined, 2]);
  const other = wait(lane, keyedCall("y"));
  assertStrictEquals(firstOf(lane), other);
  assertStrictEquals(lane.head?.waiter, other);
  keyed.lineOf("x").isBlocked = false;
  assertStrictEquals(firstOf(lane), held);
});

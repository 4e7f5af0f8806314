import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Errand } from "../../src/lanes/errand.ts";
import { type Line, type Place, Waiter } from "../../src/lanes/waiter.ts";
import { LinkedQueue } from "../../src/primitives/linked_queue.ts";
import { SearchableQueue } from "../../src/lanes/searchable_queue.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** A line without a lane. */
class BareLine implements Line<BareLine> {
  readonly urgent: LinkedQueue<Place<BareLine>> = new LinkedQueue();
  readonly waiting: SearchableQueue<Place<BareLine>> = new SearchableQueue();
  isClear = true;
  entered = 0;
  refreshed = 0;
  readonly #obstacle: string;

  constructor(obstacle = "") {
    this.#obstacle = obstacle;
  }

  obstacle(): string {
    return this.#obstacle;
  }

  get queued(): number {
    return this.urgent.size + this.waiting.size;
  }

  lineOf(): undefined {}

  refresh(): void {
    this.refreshed++;
    this.isClear = true;
  }
}

class Somebody extends Waiter<BareLine> {
  onAdmitted(): undefined {}

  onRefused(): void {}
}

function errand(priority = 0): Errand {
  return fakeCall({ settings: { priority } });
}

/** Returns the waiters of a line that are not urgent, in order. */
function inLine({ waiting }: BareLine): Waiter<BareLine>[] {
  const waiters: Waiter<BareLine>[] = [];
  waiting.forEach(({ waiter }) => waiters.push(waiter));
  return waiters;
}

test("Waiter is its own place in its first line, and each of its places refers to it", () => {
  const lanes = [new BareLine(), new BareLine(), new BareLine()];
  const waiter = new Somebody(errand(3), lanes, false);
  assertStrictEquals(waiter.waiter, waiter);
  waiter.enterAll();
  const places = lanes.map(({ waiting }) => waiting.peek()!);
  assertStrictEquals(places[0], waiter);
  assertEquals(new Set(places).size, 3);
  for (const [index, place] of places.entries()) {
    assertStrictEquals(place.waiter, waiter);
    assertStrictEquals(place.lane, lanes[index]);
    assertEquals(place.priority, 3);
  }
});

test("Waiter enters and leaves the lines of all its lanes together", () => {
  const lanes = [new BareLine(), new BareLine()];
  const waiter = new Somebody(errand(), lanes, false);
  assert(!waiter.isWaiting);
  waiter.enterAll();
  assertEquals([waiter.isWaiting, lanes.map(({ queued }) => queued)], [true, [1, 1]]);
  assertEquals(lanes.map(({ isClear }) => isClear), [false, false]);
  waiter.leaveAll();
  assertEquals([waiter.isWaiting, lanes.map(({ queued }) => queued)], [false, [0, 0]]);
});

test("Waiter makes a line recompute whether it is clear when the last waiter leaves it, and only then", () => {
  const [shared, own] = [new BareLine(), new BareLine()];
  const waiter = new Somebody(errand(), [shared, own], false);
  const other = new Somebody(errand(), [shared], false);
  waiter.enterAll();
  other.enterAll();
  waiter.leaveAll();
  assertEquals([shared.refreshed, own.refreshed, shared.isClear, own.isClear], [0, 1, false, true]);
  other.leaveAll();
  assertEquals([shared.refreshed, shared.isClear], [1, true]);
});

test("Waiter that is urgent stands before all that are not, behind earlier urgent ones", () => {
  const lane = new BareLine();
  const [plain, first, second] = [false, true, true].map((isUrgent) => {
    return new Somebody(errand(isUrgent ? 0 : 9), [lane], isUrgent);
  });
  for (const waiter of [plain!, first!, second!]) waiter.enterAll();
  assertEquals([lane.urgent.size, lane.waiting.size], [2, 1]);
  assertStrictEquals(lane.urgent.head, first);
  first!.leaveAll();
  assertStrictEquals(lane.urgent.head, second);
});

test("Waiter stands by priority, behind earlier waiters of the same priority", () => {
  const lane = new BareLine();
  const waiters = [0, 2, -1, 2, 0].map((priority) => new Somebody(errand(priority), [lane], false));
  for (const waiter of waiters) waiter.enterAll();
  assertEquals(inLine(lane), [1, 3, 0, 4, 2].map((index) => waiters[index]!));
});

test("Waiter.raise() takes effect in all lines when the waiter enters again", () => {
  const lanes = [new BareLine(), new BareLine()];
  const raised = new Somebody(errand(0), lanes, false);
  const other = new Somebody(errand(1), lanes, false);
  other.enterAll();
  raised.enterAll();
  for (const lane of lanes) assertEquals(inLine(lane), [other, raised]);
  raised.leaveAll();
  raised.raise(2);
  raised.enterAll();
  for (const lane of lanes) assertEquals(inLine(lane), [raised, other]);
});

test("Place leaves the middle of a line, and the others keep their order", () => {
  const lane = new BareLine();
  const waiters = Array.from({ length: 5 }, () => new Somebody(errand(), [lane], false));
  for (const waiter of waiters) waiter.enterAll();
  waiters[2]!.leaveAll();
  waiters[0]!.leaveAll();
  waiters[4]!.leaveAll();
  assertEquals(inLine(lane), [waiters[1]!, waiters[3]!]);
  assertEquals([lane.queued, lane.refreshed], [2, 0]);
});

test("Waiter.purpose() names what its lines wait for, each obstacle once", () => {
  const lanes = ["a token", "a permit", "a token"].map((obstacle) => new BareLine(obstacle));
  assertEquals(new Somebody(errand(), [lanes[0]!], false).purpose(0), "a token");
  assertEquals(new Somebody(errand(), lanes, false).purpose(0), "a token or a permit");
});

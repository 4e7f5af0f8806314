import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { KeyedLines } from "../../src/lanes/keyed_lines.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { type Place, Waiter } from "../../src/lanes/waiter.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

class Somebody extends Waiter<Lane> {
  onAdmitted(): undefined {}

  onRefused(): void {}
}

function setUp(isQuiet = true) {
  const keyed = new KeyedLines<Lane>((key) => new KeyLine<Place<Lane>>(key, undefined), () => isQuiet);
  const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined, keyed });
  const names = new Map<Place<Lane>, string>();
  const enter = (name: string, limitKey?: string, priority = 0): Somebody => {
    const call = fakeCall({ settings: { priority } });
    call.limitKey = limitKey;
    const somebody = new Somebody(call, [lane], false);
    somebody.enterAll();
    names.set(somebody, name);
    return somebody;
  };
  /** All waiters that may go, in order. */
  const order = (): string => {
    let all = "";
    for (let head = keyed.peek(); head !== undefined; head = keyed.peek()) {
      all += names.get(head);
      head.waiter.leaveAll();
    }
    return all;
  };
  return { keyed, lane, enter, order };
}

test("KeyedLines behave like one line: by priority, and then by age", () => {
  const { enter, order, lane } = setUp();
  enter("a", "x");
  enter("b");
  enter("c", "y", 2);
  enter("d", "x", 2);
  enter("e", "y");
  enter("f", undefined, 3);
  assertEquals([lane.queued, order(), lane.queued], [6, "fcdabe", 0]);
});

test("KeyedLines.find() passes over waiters whose key's limit holds them, and forEach() does not", () => {
  const { keyed, enter, order } = setUp();
  enter("a", "x", 5);
  enter("b", "y");
  enter("c");
  keyed.lineOf("x").isBlocked = true;
  let all = 0;
  keyed.forEach(() => all++);
  assertEquals([all, keyed.size, keyed.isMixed], [3, 3, true]);
  assertEquals(order(), "bc");
  keyed.lineOf("x").isBlocked = false;
  assertEquals(order(), "a");
});

test("KeyedLines.oldestBelow() looks through all lines that no limit holds", () => {
  const { keyed, enter } = setUp();
  const [, , mine, plain] = [enter("a", "x", 1), enter("b", "z"), enter("c", "y"), enter("d")];
  keyed.lineOf("z").isBlocked = true;
  const isOlder = (a: Place<Lane>, b: Place<Lane>) => a.order < b.order;
  assertStrictEquals(keyed.oldestBelow(1, isOlder, () => true), mine);
  assertStrictEquals(keyed.oldestBelow(1, isOlder, (place) => place !== mine), plain);
  assertEquals(keyed.oldestBelow(0, isOlder, () => true), undefined);
});

test("KeyedLines: a waiter that leaves is not counted in its line any more", () => {
  const { keyed, enter } = setUp();
  const somebody = enter("a", "x");
  const line = keyed.lineOf("x");
  assertEquals([line.queued, keyed.isQuiet], [1, false]);
  somebody.leaveAll();
  assertEquals([line.queued, keyed.size, keyed.isQuiet], [0, 0, true]);
});

test("KeyedLines forget keys whose lines are as good as new, and no others", () => {
  for (const isQuiet of [true, false]) {
    const { keyed, enter } = setUp(isQuiet);
    const idle = keyed.lineOf("idle");
    enter("a", "busy");
    const busy = keyed.lineOf("busy");
    for (let n = 0; n < 5_000; n++) keyed.lineOf(`key ${n}`);
    assertStrictEquals(keyed.lineOf("busy"), busy);
    if (isQuiet) assertNotStrictEquals(keyed.lineOf("idle"), idle);
    else assertStrictEquals(keyed.lineOf("idle"), idle);
    assertEquals([...keyed.values()].length < 2_000, isQuiet);
  }
});

test("KeyedLines.find() tests only the waiter that is next, however many keys there are", () => {
  const { keyed, enter } = setUp();
  for (let index = 0; index < 1_000; index++) enter(`${index}`, `key ${index}`);
  let asked = 0;
  const isFit = (): boolean => ++asked > 0;
  for (let index = 0; index < 500; index++) keyed.find(isFit)!.waiter.leaveAll();
  assertEquals([asked, keyed.size], [500, 500]);
});

test("KeyedLines find the next waiter after any mix of entering, leaving, blocking and unblocking", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { keyed, enter } = setUp();
    const waiting: Somebody[] = [];
    for (let step = 0; step < 200; step++) {
      const what = below(4);
      if (what < 2) waiting.push(enter("", below(5) === 0 ? undefined : `${below(6)}`, below(3)));
      if (what === 2 && waiting.length > 0) waiting.splice(below(waiting.length), 1)[0]!.leaveAll();
      if (what === 3) keyed.lineOf(`${below(6)}`).isBlocked = random() < 0.5;
      const odd = (place: Place<Lane>): boolean => place.order % 2 === 1;
      assertStrictEquals(keyed.peek(), firstOf(waiting, () => true), `seed ${seed}, step ${step}`);
      assertStrictEquals(keyed.find(odd), firstOf(waiting, odd), `seed ${seed}, step ${step}`);
      assertEquals(keyed.isMixed, new Set(waiting.map(({ priority }) => priority)).size > 1);
    }
  }
});

/** Finds the first waiter that may go, by sorting all of them. */
function firstOf(waiting: readonly Somebody[], test: (place: Place<Lane>) => boolean): Somebody | undefined {
  return waiting.filter((one) => one.line?.isBlocked !== true && test(one))
    .sort((a, b) => b.priority - a.priority || a.order - b.order)[0];
}

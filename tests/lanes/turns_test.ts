import { assertEquals } from "@std/assert";
import type { Claimant } from "../../src/lanes/claimant.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Turns } from "../../src/lanes/turns.ts";
import { test } from "../support/test.ts";

interface Named extends Claimant {
  readonly name: string;
}

function claimant(name: string, permits: number | undefined, claimPriority = 0): Named {
  return {
    name,
    permits,
    claimPriority,
    isClaiming: false,
    previous: undefined,
    next: undefined,
    claim: () => undefined,
  };
}

/** Returns the names of the claimants whose turn it is, one after the other, while no permit is taken or given back. */
function order(turns: Turns, count: number, permits: number): string[] {
  return Array.from({ length: count }, () => {
    const next = turns.next(permits) as Named;
    turns.remove(next);
    turns.push(next);
    return next.name;
  });
}

test("Turns.join() and quit() do nothing the second time", () => {
  const turns = new Turns();
  const a = claimant("a", 0);
  turns.join(a);
  turns.join(a);
  assertEquals([turns.size, a.isClaiming], [1, true]);
  turns.quit(a);
  turns.quit(a);
  assertEquals([turns.size, a.isClaiming], [0, false]);
});

test("Turns.next() goes round among equals, in the order in which they came", () => {
  const turns = new Turns();
  for (const name of ["a", "b", "c"]) turns.join(claimant(name, 0));
  assertEquals(order(turns, 7, 20), ["a", "b", "c", "a", "b", "c", "a"]);
});

test("Turns.next() looks at no more of a thousand claimants than it takes to know whose turn it is", () => {
  const turns = new Turns();
  let looks = 0;
  const watched = (name: string): Named => ({
    ...claimant(name, 0),
    get permits(): number {
      looks++;
      return 0;
    },
  });
  for (let index = 0; index < 1_000; index++) turns.join(watched(`${index}`));
  assertEquals([order(turns, 3, 20), looks], [["0", "1", "2"], 3]);
  // Any of them may have a higher priority.
  turns.join(claimant("urgent", 10, 1));
  looks = 0;
  assertEquals([order(turns, 1, 20), looks], [["urgent"], 1_000]);
});

test("Turns.next() prefers the lane with the fewest permits, then batches, then lanes that already hold their share", () => {
  const turns = new Turns();
  turns.busyLanes = 2;
  const [heavy, batch, light, idle] = [
    claimant("heavy", 10),
    claimant("batch", undefined),
    claimant("light", 3),
    claimant("idle", 0),
  ] as const;
  for (const each of [heavy, batch, light, idle]) turns.join(each);
  const seen: string[] = [];
  while (turns.size > 0) {
    const next = turns.next(20) as Named;
    seen.push(next.name);
    turns.quit(next);
  }
  assertEquals(seen, ["idle", "light", "batch", "heavy"]);
});

test("Turns.next() looks at few claimants while lanes without permits wait, or batches alone", () => {
  const isLane = claimant("lane", 0);
  for (const [kind, allowance] of [[0, undefined], [undefined, {}]] as const) {
    const turns = new Turns();
    let looks = 0;
    for (let nth = 0; nth < 1_000; nth++) {
      const each = { ...claimant(`${nth}`, kind), allowance };
      turns.join(Object.defineProperty(each, "permits", { get: () => (looks++, kind) }));
    }
    assertEquals(order(turns, 3, 20), ["0", "1", "2"]);
    assertEquals(looks, 3);
    // A lane that joins a thousand batches goes first.
    turns.join(isLane);
    assertEquals(order(turns, 1, 20), kind === 0 ? ["3"] : ["lane"]);
    turns.quit(isLane);
    assertEquals(order(turns, 1, 20), kind === 0 ? ["4"] : ["3"]);
  }
});

test("Turns.next() puts priority before everything else, once a claimant has one", () => {
  const turns = new Turns();
  turns.join(claimant("idle", 0));
  assertEquals(turns.hasPriorities, false);
  turns.join(claimant("high", 9, 5));
  assertEquals(turns.hasPriorities, true);
  assertEquals(order(turns, 2, 10), ["high", "high"]);
});

test("Turns.next() puts a claimant of less than the usual priority after all others", () => {
  const turns = new Turns();
  turns.join(claimant("low", 0, -1));
  turns.join(claimant("usual", 9));
  assertEquals(order(turns, 2, 10), ["usual", "usual"]);
});

test("Turns.shareOf() divides the permits among the lanes that hold some and the lane that asks", () => {
  const turns = new Turns();
  const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined });
  turns.busyLanes = 2;
  assertEquals(turns.shareOf(lane, 20), 7);
  lane.inFlight = 1;
  assertEquals(turns.shareOf(lane, 20), 10);
});

test("Turns.next() gives one turn in 16 to the claimant that has waited longest, whatever the priorities", () => {
  const turns = new Turns();
  for (const [name, priority] of [["high", 5], ["middle", 1], ["low", -1]] as const) {
    turns.hasPriorities = true;
    turns.join(claimant(name, 0, priority));
  }
  const all = order(turns, 64, 20);
  const turnsOf = (name: string) => all.flatMap((each, index) => each === name ? [index] : []);
  assertEquals([turnsOf("high").length, turnsOf("middle"), turnsOf("low")], [60, [15, 47], [31, 63]]);
});

test("Turns.next() gives one turn in 16 to a batch, however many requests wait in lanes", () => {
  const turns = new Turns();
  for (const name of ["a", "b"]) turns.join(claimant(name, 0));
  turns.join({ ...claimant("batch", undefined), allowance: {} });
  const all = order(turns, 48, 20);
  assertEquals(all.flatMap((each, index) => each === "batch" ? [index] : []), [15, 31, 47]);
});

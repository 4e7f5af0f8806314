import { assertEquals } from "@std/assert";
import type { Allowance } from "../../src/lanes/allowance.ts";
import type { Claimant } from "../../src/lanes/claimant.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { PermitRound } from "../../src/lanes/permit_round.ts";
import { Tokens } from "../../src/lanes/tokens.ts";
import { ledgerOf, Semaphore } from "../../src/primitives/semaphore.ts";
import { test } from "../support/test.ts";

/** Creates a round for two permits, and claimants that each use a permit as often as they want. */
function setUp() {
  const semaphore = new Semaphore(2);
  const used: string[] = [];
  const recalled: number[] = [];
  const tokens = new Tokens(undefined, { examine() {}, dispatch() {} });
  const owner = { now: () => 0, recall: (most: number): void => void recalled.push(most) };
  const round = new PermitRound(ledgerOf(semaphore), tokens, owner);
  const claimant = (name: string, wants: number, allowance?: Allowance): Claimant => ({
    allowance,
    permits: 0,
    claimPriority: 0,
    isClaiming: false,
    previous: undefined,
    next: undefined,
    claim(): undefined {
      if (wants-- === 0) return round.quit(this) as undefined;
      round.inHand--;
      used.push(name);
    },
  });
  return { semaphore, round, claimant, used, recalled };
}

test("PermitRound.dispatch() gives the free permits to claimants in turn, and the others when they come back", () => {
  const { semaphore, round, claimant, used } = setUp();
  for (const [name, wants] of [["a", 2], ["b", 1]] as const) round.join(claimant(name, wants));
  assertEquals(round.isIdle, false);
  round.dispatch();
  assertEquals([used, semaphore.inUse, round.turns.size], [["a", "b"], 2, 2]);
  round.ledger.give(1);
  assertEquals([used, semaphore.inUse, round.turns.size], [["a", "b", "a"], 2, 2]);
  round.ledger.give(1);
  // The last claimant has quit, and the permit that none wants is free.
  assertEquals([used.length, semaphore.inUse, round.isIdle], [3, 1, true]);
});

test("PermitRound.dispatch() recalls the lanes that have left the permits to others when no claimant is left", () => {
  const { round, claimant, recalled } = setUp();
  round.aside.add(new Lane({ key: "http://a.test", breaker: undefined, bucket: undefined }));
  round.join(claimant("a", 3));
  round.dispatch();
  assertEquals(recalled, []);
  for (let nth = 0; nth < 2; nth++) round.ledger.give(1);
  assertEquals(recalled, [Infinity]);
});

test("PermitRound.isWantedBeside() is true while all permits are out, and a claimant of others wants one", () => {
  const { round, claimant } = setUp();
  const own = {} as Allowance;
  round.join(claimant("a", 3, own));
  assertEquals(round.isWantedBeside(undefined), false);
  round.dispatch();
  assertEquals([round.isWantedBeside(undefined), round.isWantedBeside(own)], [true, false]);
  const silent = new Lane({ key: "http://a.test", breaker: undefined, bucket: undefined });
  silent.isSilent = true;
  round.join(silent);
  assertEquals(round.isWantedBeside(own), false);
});

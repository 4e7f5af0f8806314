import { assertEquals } from "@std/assert";
import { PermitTurn } from "../../src/lanes/permit_turn.ts";
import { ledgerOf, Semaphore } from "../../src/primitives/semaphore.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

test("PermitTurn stands in the queue once, and can get in line again when its turn has come", async () => {
  const semaphore = new Semaphore(1);
  const ledger = ledgerOf(semaphore);
  let turns = 0;
  const turn = new PermitTurn(ledger, () => turns++);
  const permit = await semaphore.acquire();
  turn.queue();
  turn.queue();
  assertEquals([ledger.waiters.size, turn.isQueued, turns], [1, true, 0]);
  permit.release();
  assertEquals([ledger.waiters.size, turn.isQueued, turns, semaphore.inUse], [0, false, 1, 1]);
  turn.queue();
  ledger.give(1);
  assertEquals([turns, semaphore.inUse], [2, 1]);
});

test("PermitTurn waits for its turn behind those who came before", async () => {
  const semaphore = new Semaphore(1);
  const order: string[] = [];
  const turn = new PermitTurn(ledgerOf(semaphore), () => order.push("client"));
  const permit = await semaphore.acquire();
  const before = semaphore.acquire().then((next) => {
    order.push("other");
    return next;
  });
  turn.queue();
  permit.release();
  (await before).release();
  assertEquals(order, ["other", "client"]);
});

test("PermitTurn leaves the queue, lets those behind it go first, and can get in line again", async () => {
  const semaphore = new Semaphore(1);
  const order: string[] = [];
  const turn = new PermitTurn(ledgerOf(semaphore), () => order.push("client"));
  const permit = await semaphore.acquire();
  turn.queue();
  const behind = semaphore.acquire();
  turn.leave();
  turn.leave();
  assertEquals([turn.isQueued, semaphore.waiting], [false, 1]);
  turn.queue();
  permit.release();
  (await behind).release();
  assertEquals([order, semaphore.waiting, semaphore.inUse], [["client"], 0, 1]);
});

test("PermitTurn.queue() returns the permits that come at once, because the others want more than is free", async () => {
  const semaphore = new Semaphore(2);
  const ledger = ledgerOf(semaphore);
  let turns = 0;
  const turn = new PermitTurn(ledger, () => turns++);
  const permit = await semaphore.acquire();
  const heavy = watch(semaphore.acquire(2, { priority: -1 }));
  assertEquals([turn.queue(), turn.isQueued, turns, semaphore.inUse], [1, false, 0, 2]);
  assertEquals([turn.queue(), turn.isQueued], [0, true]);
  turn.leave();
  ledger.give(1);
  permit.release();
  await microtasks(5);
  assertEquals([heavy.state, turns], ["fulfilled", 0]);
});

test("PermitTurn.queue() moves the place up to a higher priority, and never back", async () => {
  const semaphore = new Semaphore(1);
  const order: string[] = [];
  const turn = new PermitTurn(ledgerOf(semaphore), () => order.push("client"));
  const permit = await semaphore.acquire();
  turn.queue(-Infinity);
  const other = semaphore.acquire(1, { priority: -1 });
  turn.queue();
  turn.queue(-Infinity);
  assertEquals(semaphore.waiting, 2);
  permit.release();
  assertEquals(order, ["client"]);
  ledgerOf(semaphore).give(1);
  (await other).release();
});

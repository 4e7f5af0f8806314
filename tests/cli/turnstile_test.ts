import { assertEquals } from "@std/assert";
import { Turnstile } from "../../src/cli/turnstile.ts";
import { test } from "../support/test.ts";

test("Turnstile.enter() lets numbers through in order, whichever comes first", async () => {
  const turns = new Turnstile();
  const order: number[] = [];
  const pass = async (number: number) => {
    await turns.enter(number);
    order.push(number);
    await Promise.resolve();
    turns.leave(number);
  };
  await Promise.all([3, 1, 4, 0, 2].map(pass));
  assertEquals(order, [0, 1, 2, 3, 4]);
});

test("Turnstile.leave() of a number that does not come lets the others pass, and counts once", async () => {
  const turns = new Turnstile();
  turns.leave(1);
  turns.leave(0);
  turns.leave(0);
  turns.leave(1);
  await turns.enter(2);
  let isThrough = false;
  const third = turns.enter(3).then(() => isThrough = true);
  await Promise.resolve();
  assertEquals(isThrough, false);
  turns.leave(2);
  await third;
  assertEquals(isThrough, true);
});

test("Turnstile.stranded counts those that wait for a number that has not come, and not for one that is inside", async () => {
  const turns = new Turnstile();
  const entered = [1, 2, 5].map((number) => turns.enter(number));
  assertEquals(turns.stranded, 3);
  await turns.enter(0);
  assertEquals(turns.stranded, 0);
  for (const number of [0, 1]) {
    turns.leave(number);
    await entered[number];
    assertEquals(turns.stranded, 0);
  }
  turns.leave(4);
  assertEquals(turns.stranded, 0);
  turns.leave(2);
  assertEquals(turns.stranded, 1);
  turns.leave(3);
  await entered[2];
  assertEquals(turns.stranded, 0);
  turns.leave(5);
  assertEquals(turns.stranded, 0);
});

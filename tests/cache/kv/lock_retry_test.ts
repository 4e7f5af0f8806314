import { assertEquals, assertRejects } from "@std/assert";
import { retryWhileLocked } from "../../../src/cache/kv/lock_retry.ts";
import { eventLoopTurn } from "../../../src/testing/event_loop_turn.ts";
import { test } from "../../support/test.ts";

function setUp(random: number) {
  const delays: number[] = [];
  const delay = (delayMs: number) => Promise.resolve(void delays.push(delayMs));
  return { delays, options: { random: () => random, delay } };
}

/** Rejects with the errors one after the other, and then resolves with the number of calls. */
function failing(...messages: string[]) {
  let calls = 0;
  return () => {
    const message = messages[calls++];
    return message === undefined ? Promise.resolve(calls) : Promise.reject(new TypeError(message));
  };
}

const LOCKED = "database is locked";

test("retryWhileLocked() retries twice, after waits of up to 25 and 50 ms", async () => {
  for (const [random, expected] of [[0, [0, 0]], [0.5, [12.5, 25]], [0.96, [24, 48]]] as const) {
    const { delays, options } = setUp(random);
    assertEquals(await retryWhileLocked(failing(LOCKED, "Database table is locked: x"), options), 3);
    assertEquals(delays, [...expected]);
  }
});

test("retryWhileLocked() does not call the function again before the wait is over", async () => {
  let calls = 0;
  const run = () => Promise.reject(new Error(`${LOCKED} ${++calls}`));
  retryWhileLocked(run, { random: () => 0, delay: () => new Promise(() => {}) });
  await eventLoopTurn();
  assertEquals(calls, 1);
});

test("retryWhileLocked() throws the third error, and any other at once", async () => {
  const { delays, options } = setUp(0);
  await assertRejects(() => retryWhileLocked(failing(LOCKED, LOCKED, LOCKED), options), TypeError, LOCKED);
  assertEquals(delays.splice(0), [0, 0]);
  await assertRejects(
    () => retryWhileLocked(failing("database or disk is full"), options),
    TypeError,
    "full",
  );
  await assertRejects(() => retryWhileLocked(failing(LOCKED, "full"), options), TypeError, "full");
  assertEquals(delays, [0]);
});

import { assertEquals, assertRejects } from "@std/assert";
import { ColdStart } from "../../src/transport/cold_start.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

const A = "https://a.test";

function setUp(idleMs?: number) {
  const clock = new ManualClock();
  return { clock, coldStart: new ColdStart(clock, idleMs) };
}

test("ColdStart.enter() lets one request go ahead, and the others follow when it is answered", async () => {
  const { coldStart } = setUp();
  assertEquals(coldStart.enter(A, undefined), true);
  const waiting = [coldStart.enter(A, undefined), coldStart.enter(A, undefined)];
  assertEquals(coldStart.enter("https://b.test", undefined), true);
  coldStart.leave(A, true);
  assertEquals(await Promise.all(waiting), [false, false]);
  assertEquals(coldStart.enter(A, undefined), false);
});

test("ColdStart.enter() lets all others go when the first fails, and one go ahead of the next burst", async () => {
  const { coldStart } = setUp();
  coldStart.enter(A, undefined);
  const waiting = coldStart.enter(A, undefined);
  coldStart.leave(A, false);
  assertEquals(await waiting, false);
  assertEquals(coldStart.enter(A, undefined), true);
});

test("ColdStart.enter() waits for half a second at most", async () => {
  const { coldStart, clock } = setUp();
  coldStart.enter(A, undefined);
  const waiting = coldStart.enter(A, undefined) as Promise<boolean>;
  assertEquals(await clock.run(waiting), false);
  assertEquals(clock.now(), 500);
});

test("ColdStart.enter() starts anew when connections have been idle for too long", async () => {
  for (const [idleMs, expectedMs] of [[undefined, 60_000], [2_000, 2_000], [Infinity, 60_000]] as const) {
    const { coldStart, clock } = setUp(idleMs);
    coldStart.answered(A);
    await clock.advance(expectedMs - 1);
    assertEquals(coldStart.enter(A, undefined), false);
    await clock.advance(1);
    assertEquals(coldStart.enter(A, undefined), true);
  }
});

test("ColdStart.enter() lets a request leave whose signal aborts", async () => {
  const { coldStart } = setUp();
  coldStart.enter(A, undefined);
  const controller = new AbortController();
  const waiting = coldStart.enter(A, controller.signal) as Promise<boolean>;
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(await assertRejects(() => coldStart.enter(A, controller.signal) as Promise<boolean>), reason);
  coldStart.leave(A, true);
});

test("ColdStart forgets origins before it has too many, but none with waiting requests", async () => {
  const { coldStart } = setUp();
  coldStart.enter(A, undefined);
  const waiting = coldStart.enter(A, undefined);
  for (let index = 0; index < 1_100; index++) coldStart.answered(`https://n${index}.test`);
  assertEquals(coldStart.enter("https://n0.test", undefined), true);
  coldStart.leave(A, true);
  assertEquals(await waiting, false);
});

test("ColdStart.close() lets all waiting requests go, at every origin, and leaves no timer", async () => {
  const { coldStart, clock } = setUp();
  const waiting = [A, "https://b.test"].flatMap((origin) => {
    coldStart.enter(origin, undefined);
    return [coldStart.enter(origin, undefined), coldStart.enter(origin, undefined)];
  });
  coldStart.close();
  assertEquals(await Promise.all(waiting), [false, false, false, false]);
  assertEquals(clock.pending, 0);
});

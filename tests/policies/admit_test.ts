import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { LOOK_AGAIN, type LooksAgain } from "../../src/lanes/admission_waiter.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { admit } from "../../src/policies/admit.ts";
import { RetryBudget } from "../../src/primitives/retry_budget.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";

/** Creates an environment with one permit, a lane, and the events that listeners get. */
function setUp() {
  const clock = new ManualClock({ nowMs: 1_000 });
  const events: ClientEvent[] = [];
  const reporter = { active: true, emit: (event: ClientEvent) => void events.push(event) };
  const background = { inBackground() {} };
  const { environment, lanes } = buildPipeline({ concurrency: 1 }, { clock, reporter }, background);
  return { clock, events, environment, lanes: [lanes.get("https://a.test")] };
}

test("admit() takes a free permit, and emits its event", async () => {
  const { environment, lanes, events } = setUp();
  const admission = await admit(environment, fakeCall(), lanes);
  assertEquals([admission?.lane, environment.scheduler.inFlight], [lanes[0], 1]);
  assertEquals(events, [{ type: "permit", requestId: 0, atMs: 1_000, waitedMs: 0 }]);
});

test("admit() makes a call wait in line, where other code can find it meanwhile", async () => {
  const { environment, lanes, events, clock } = setUp();
  const first = await admit(environment, fakeCall(), lanes);
  const call = fakeCall();
  const inLine = new Set<LooksAgain>();
  const second = admit(environment, call, lanes, inLine);
  assertEquals([inLine.size, call.pending !== undefined], [1, true]);
  await clock.advance(40);
  first!.release();
  assertEquals((await second)?.lane, lanes[0]);
  assertEquals([inLine.size, call.pending, events.at(-1)], [
    0,
    undefined,
    { type: "permit", requestId: 0, atMs: 1_040, waitedMs: 40 },
  ]);
});

test("admit() returns an admission that was granted before, and none to a call that has been sent", async () => {
  const { environment, lanes } = setUp();
  const granted = await admit(environment, fakeCall(), lanes);
  const call = fakeCall();
  call.journey.granted = granted;
  assertStrictEquals(await admit(environment, call, lanes), granted);
  call.journey.opening = {};
  assertEquals(await admit(environment, call, lanes), undefined);
  assertEquals(environment.scheduler.inFlight, 1);
});

test("admit() rejects with the reason of a call that is stopped, at whatever stage, and keeps no permit", async () => {
  const { environment, lanes } = setUp();
  const reason = new Error("enough");
  const stopped = fakeCall();
  stopped.abort(reason);
  assertStrictEquals(await assertRejects(() => admit(environment, stopped, lanes)), reason);

  const justAdmitted = fakeCall();
  const admission = admit(environment, justAdmitted, lanes);
  justAdmitted.abort(reason);
  assertStrictEquals(await assertRejects(() => admission), reason);
  assertEquals(environment.scheduler.inFlight, 0);

  const first = await admit(environment, fakeCall(), lanes);
  const waiting = fakeCall();
  const inLine = new Set<LooksAgain>();
  const turn = admit(environment, waiting, lanes, inLine);
  waiting.abort(reason);
  assertStrictEquals(await assertRejects(() => turn), reason);
  first!.release();
  assertEquals([environment.scheduler.inFlight, inLine.size], [0, 0]);
});

test("admit() lets a probe go without the retry budget, from which it takes all the same if it is a retry", async () => {
  for (const [attempts, left] of [[0, 1], [1, 0], [2, 0]]) {
    const { environment, lanes, clock } = setUp();
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1, clock });
    const { breaker } = lanes[0]!;
    breaker!.trip();
    await clock.advance(breaker!.retryAfterMs);
    const call = Object.assign(fakeCall(), { attempts });
    const admission = await admit({ ...environment, budget }, call, lanes);
    assertEquals([admission?.isProbe, budget.balance], [true, left]);
  }
});

test("admit() rejects with LOOK_AGAIN when its waiter is told to look again", async () => {
  const { environment, lanes } = setUp();
  await admit(environment, fakeCall(), lanes);
  const inLine = new Set<LooksAgain>();
  const turn = admit(environment, fakeCall(), lanes, inLine);
  for (const waiter of inLine) waiter.lookAgain();
  let caught: unknown;
  await turn.catch((error: unknown) => caught = error);
  assertStrictEquals(caught, LOOK_AGAIN);
});

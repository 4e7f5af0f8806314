import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CircuitOpenError } from "../../mod.ts";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { StraightWaiter } from "../../src/client/straight_waiter.ts";
import { Lane } from "../../src/lanes/lane.ts";
import type { Call } from "../../src/policies/call.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall, type FakeCallOptions } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** Creates a lane of one permit, whose breaker opens with the first failure, for 100 ms. */
function setUp() {
  const clock = new ManualClock();
  const { environment: { scheduler } } = buildPipeline(
    { concurrency: 1, fetch: () => Promise.reject(new Error("nothing is sent")) },
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock });
  const lane = new Lane({ key: "https://a.test", breaker, bucket: undefined });
  scheduler.adopt(lane);
  const endings = new Map<Call, readonly unknown[]>();
  const owner = {
    scheduler,
    follow: (call: Call) => void endings.set(call, ["follow"]),
    fail: (call: Call, error: unknown) => void endings.set(call, ["fail", error]),
  };
  /** Puts a call in line. It is in `endings` once it goes the straight way, too. */
  const wait = (settings: FakeCallOptions["settings"] = {}): Call => {
    const call = Object.assign(fakeCall({ settings }), {
      lane,
      run: () => void endings.set(call, ["run", call.ticket]),
    });
    scheduler.wait(new StraightWaiter(call, lane, owner), clock.now());
    return call;
  };
  const openBreaker = (): void => scheduler.reports.judge(lane, breaker.enter(), "failure", 0);
  return { clock, scheduler, lane, endings, wait, openBreaker };
}

test("StraightWaiter gives the turn of a cancelled call to the next one, which then waits for nothing", () => {
  const { scheduler, lane, endings, wait, clock } = setUp();
  const ticket = scheduler.tryEnter(lane, clock.now());
  const [cancelled, next] = [wait(), wait()];
  assertEquals([lane.queued, endings.size], [2, 0]);

  cancelled.pending!.cancel("enough", cancelled);
  assertEquals(lane.queued, 1);
  scheduler.toAdmission(fakeCall(), lane, ticket, clock.now()).release();
  assertEquals([...endings.keys()], [next]);
  assertEquals([endings.get(next), next.pending, lane.queued], [["run", next.ticket], undefined, 0]);
});

test("StraightWaiter hands the probe of a half-open breaker to the general way, with its admission", async () => {
  const { clock, scheduler, endings, wait, openBreaker } = setUp();
  openBreaker();
  const call = wait({ onOpen: "wait" });
  assertEquals(endings.size, 0);

  await clock.advance(100);
  assertEquals([endings.get(call), call.pending, scheduler.inFlight], [["follow"], undefined, 1]);
  assert(call.journey.granted?.isProbe);
});

test("StraightWaiter tells the callers of a call that must not wait for an open breaker", () => {
  const { endings, lane, wait, openBreaker } = setUp();
  openBreaker();
  const call = wait({ onOpen: "fail" });

  const [how, error] = endings.get(call)!;
  assertEquals([how, call.pending, lane.queued], ["fail", undefined, 0]);
  assertInstanceOf(error, CircuitOpenError);
});

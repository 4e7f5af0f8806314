import { assertEquals, assertStrictEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { type HedgedWay, StraightHedges } from "../../src/client/straight_hedges.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import type { Call } from "../../src/policies/call.ts";
import type { HedgeOptions } from "../../src/policies/hedge_options.ts";
import { Hedger } from "../../src/policies/hedger.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall, type FakeCallOptions } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";
import { rejection } from "../support/settled.ts";

interface Given {
  readonly call: Call;
  readonly answer: Promise<Response>;
  readonly atMs: number;
}

/** Creates the hedges of a straight way that records the calls it gets back. */
function setUp(options: HedgeOptions, concurrency = 100) {
  const clock = new ManualClock();
  const { environment, lanes } = buildPipeline(
    { concurrency, fetch: () => Promise.reject(new Error("unused")) },
    { clock, reporter: { active: false, emit: () => {} } },
    { inBackground() {} },
  );
  const lane: Lane = lanes.get("https://a.test");
  // The origin has been answered before.
  environment.scheduler.reports.answered(lane, 0);
  const given: Given[] = [];
  const way: HedgedWay = {
    handOver: (call, answer, rival) => {
      given.push({ call, answer, atMs: clock.now() });
      rival.release();
    },
  };
  const hedger = new Hedger(options, clock);
  const hedges = new StraightHedges(hedger, environment, way);
  const begin = (options?: FakeCallOptions): Call => {
    const call = fakeCall(options);
    call.lane = lane;
    call.attemptedAtMs = clock.now();
    hedges.begin(call, clock.now());
    return call;
  };
  return { clock, environment, hedger, hedges, lane, given, begin };
}

const GENEROUS: HedgeOptions = { afterMs: 50, maxExtraRatio: 1 };

test("StraightHedges hands over each slow call when its time comes, and watches no others", async () => {
  const { clock, hedges, given, begin } = setUp(GENEROUS);
  const first = begin();
  await clock.advance(20);
  const [second, third] = [begin(), begin()];
  begin({ settings: { hedge: false } });
  await clock.advance(10);
  hedges.answered(third, new Response());
  await clock.advance(1_000);

  assertEquals(given.map(({ call, atMs }) => [call === first ? 1 : call === second ? 2 : 3, atMs]), [
    [1, 50],
    [2, 70],
  ]);
  assertEquals([clock.pending, hedges.end(first), hedges.end(third)], [0, false, false]);
});

test("StraightHedges keeps no timer when no call is under way", async () => {
  const { clock, hedges, begin } = setUp(GENEROUS);
  const calls = [begin(), begin()];
  assertEquals(clock.pending, 1);
  assertEquals(calls.map((call) => hedges.end(call)), [true, true]);
  assertEquals(clock.pending, 0);
  await clock.advance(100);
  const later = begin();
  assertEquals(clock.pending, 1);
  hedges.timedOut(later, clock.now());
  assertEquals(clock.pending, 0);
});

test("StraightHedges hands over a call that found no permit as soon as there is one", async () => {
  const { clock, environment: { scheduler }, given, begin, lane } = setUp(GENEROUS, 1);
  const admission = scheduler.seconds.tryAdmit(fakeCall(), lane)!;
  begin();
  await clock.advance(140);
  assertEquals(given.length, 0);
  admission.release();
  await clock.advance(0);
  assertEquals(given.map(({ atMs }) => atMs), [140]);
  await clock.advance(1_000);
  assertEquals([given.length, clock.pending], [1, 0]);
});

test("StraightHedges.deliver() passes the result of an attempt to the code that took it over", async () => {
  const { clock, hedges, given, begin } = setUp(GENEROUS);
  const calls = [begin(), begin(), begin()];
  const other = begin();
  hedges.end(other);
  await clock.advance(60);
  const response = new Response();
  const error = new Error("broken");
  assertEquals(hedges.deliver(calls[0]!, response, undefined), true);
  assertEquals(hedges.deliver(calls[1]!, undefined, error), true);
  assertEquals(hedges.deliver(calls[2]!, undefined, undefined), true);
  assertEquals([hedges.deliver(calls[0]!, response, undefined), hedges.deliver(other, response, undefined)], [
    false,
    false,
  ]);

  assertStrictEquals(await given[0]!.answer, response);
  assertStrictEquals(await rejection(given[1]!.answer), error);
  assertStrictEquals(await rejection(given[2]!.answer), undefined);
});

test("StraightHedges notes how long headers took, and when attempts timed out", async () => {
  const { clock, hedges, lane, begin } = setUp({ percentile: 0.5, minimumSamples: 3 });
  const calls = Array.from({ length: 5 }, () => begin());
  await clock.advance(10);
  hedges.answered(calls[0]!, new Response());
  hedges.answered(calls[0]!, new Response());
  hedges.answered(calls[1]!, new Response(null, { status: 503 }));
  hedges.answered(calls[2]!, "no response" as unknown as Response);
  await clock.advance(90);
  hedges.timedOut(calls[3]!, clock.now());
  hedges.end(calls[4]!);
  assertEquals(lane.latencies!.count, 2);
  const last = begin();
  await clock.advance(10);
  hedges.answered(last, new Response());
  assertEquals([lane.latencies!.count, Math.round(lane.latencies!.thresholdMs)], [3, 10]);
});

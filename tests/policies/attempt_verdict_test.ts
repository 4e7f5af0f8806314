import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { HttpError, InvalidDataError, NetworkError, TimeoutError } from "../../src/errors.ts";
import { RedirectError } from "../../src/http/redirect.ts";
import { Admission, type AdmissionOwner } from "../../src/lanes/admission.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { AttemptVerdict } from "../../src/policies/attempt_verdict.ts";
import type { Call } from "../../src/policies/call.ts";
import { MiddlewareFailure } from "../../src/policies/middleware.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";

const LATE = new TimeoutError("late", { kind: "attempt", timeoutMs: 1_500 });

interface SetUp {
  readonly changes?: Partial<Environment>;
  readonly call?: Call;
  readonly isProbe?: boolean;
}

/** A breaker whose probe is in flight. */
function halfOpen(clock: ManualClock): CircuitBreaker {
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 10, clock });
  breaker.settle(breaker.enter(), "failure");
  clock.jump(10);
  breaker.enter();
  return breaker;
}

/** Creates a verdict, and records what its lane is told: results, and whether an attempt was dropped. */
function setUp({ changes, call = fakeCall(), isProbe = false }: SetUp = {}) {
  const clock = new ManualClock();
  const { environment } = buildPipeline(
    {},
    { clock, reporter: { active: false, emit: () => {} } },
    { inBackground() {} },
  );
  const told: unknown[] = [];
  const owner: AdmissionOwner = {
    reports: {
      judge: (_lane, _ticket, result) => void told.push(result),
      sample: (_lane, _startedAtMs, isDropped) => void told.push(isDropped),
    },
    release: () => {},
  };
  const breaker = isProbe ? halfOpen(clock) : undefined;
  const target = fakeTarget({ lane: new Lane({ key: "https://a.test", breaker, bucket: undefined }) });
  const admission = new Admission(owner, target.lane, 0, 0);
  const verdict = new AttemptVerdict({ ...environment, ...changes }, call, target, admission);
  return { verdict, told, target, environment };
}

test("AttemptVerdict.judgeStatus() reports success, failure or neither to the breaker, and overload to the limits", () => {
  const toldOf = (status: number): unknown[] => {
    const { verdict, told } = setUp();
    verdict.judgeStatus(new Response(null, { status }));
    return told;
  };

  assertEquals([204, 404, 429, 500, 503].map(toldOf), [
    [false, "success"],
    ["success"],
    [true, "ignored"],
    ["failure"],
    [true, "failure"],
  ]);
});

test("AttemptVerdict.judgeStatus() excuses a status that the caller's `isFailure` does not call a failure", () => {
  const seen: unknown[] = [];
  const isFailure = (error: unknown): boolean => {
    seen.push(error);
    return false;
  };
  const { verdict, told } = setUp({ changes: { isFailure } });
  verdict.judgeStatus(new Response(null, { status: 500 }));

  assertEquals(told, ["success"]);
  assertInstanceOf(seen[0], HttpError);
});

test("AttemptVerdict.judgeStatus() calls `isFailure` for failures only", () => {
  const asked: unknown[] = [];
  const isFailure = (error: unknown): boolean => asked.push(error) < 0;
  const told = [200, 404, 429].map((status) => {
    const each = setUp({ changes: { isFailure } });
    each.verdict.judgeStatus(new Response(null, { status }));
    return each.told.at(-1);
  });
  assertEquals([told, asked], [["success", "success", "ignored"], []]);
});

test("AttemptVerdict.judgeFailure() lowers the limit to the other requests in flight where this process has no descriptor left", () => {
  const runtime = { ...setUp().environment.runtime, isOutOfDescriptors: () => true };
  const { verdict, told, target: { lane } } = setUp({ changes: { runtime } });
  lane.inFlight = 5;
  verdict.judgeFailure(new TypeError("no descriptor"));
  assertEquals([told, lane.limit.current], [["ignored"], 4]);
});

test("AttemptVerdict.judgeFailure() counts failures of the connection against the origin, and no others", () => {
  const own = new Error("thrown by a middleware");
  const unusable = new InvalidDataError("no JSON", {
    reason: "not-json",
    method: "GET",
    url: "https://a.test/x",
  });
  const denied = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  const judged = (error: unknown, changes: Partial<Environment> = {}) => {
    const { verdict, told } = setUp({ changes });
    return { failsOf: verdict.judgeFailure(error), told };
  };

  const reset = judged(new TypeError("connection reset"));
  assertInstanceOf(reset.failsOf, NetworkError);
  assertEquals(reset.told, ["failure"]);
  const redirected = judged(new RedirectError("too many"));
  assertInstanceOf(redirected.failsOf, NetworkError);
  assertEquals(redirected.told, ["ignored"]);
  for (const [error, word] of [[unusable, "success"], [denied, "ignored"]] as const) {
    const { failsOf, told } = judged(error);
    assertStrictEquals(failsOf, error);
    assertEquals(told, [word]);
  }
  const cause = Object.assign(new Error("connect ERR_ACCESS_DENIED"), { code: "ERR_ACCESS_DENIED" });
  assertEquals(judged(new TypeError("fetch failed", { cause })), { failsOf: cause, told: ["ignored"] });
  const thrown = judged(new MiddlewareFailure(own));
  assertStrictEquals(thrown.failsOf, own);
  assertEquals(thrown.told, ["ignored"]);
  assertEquals(judged(new TypeError("proxy"), { isOwnFailure: () => true }).told, ["ignored"]);
  assertEquals(judged(new TypeError("reset"), { isFailure: () => false }).told, ["success"]);
});

test("S1: AttemptVerdict.judgeFailure() counts against no origin if a stream was sent, which may itself have broken off", () => {
  const toldOf = (body: BodyInit | null, error: unknown): unknown[] => {
    const { verdict, told } = setUp({ call: fakeCall({ request: { method: "POST", body } }) });
    assertInstanceOf(verdict.judgeFailure(error), NetworkError);
    return told;
  };
  assertEquals(toldOf(new Blob(["x"]).stream(), new TypeError("fetch failed")), ["ignored"]);
  assertEquals(toldOf("x", new TypeError("fetch failed")), ["failure"]);
  assertEquals(toldOf(null, new TypeError("fetch failed")), ["failure"]);
});

test("AttemptVerdict.judgeTimeout() counts a timeout as a drop and a failure, unless `isFailure` says otherwise", () => {
  const first = setUp();
  first.verdict.judgeTimeout(LATE);
  const second = setUp({ changes: { isFailure: () => false } });
  second.verdict.judgeTimeout(LATE);

  assertEquals([first.told, second.told], [[true, "failure"], [true, "success"]]);
});

test("AttemptVerdict counts a single request once among the failures, however many attempts it makes", () => {
  type Change = (each: ReturnType<typeof setUp> & { readonly call: Call }) => void;
  const fail = (change: Change, changes = {}, isProbe = false) => {
    const call = fakeCall();
    const each = setUp({ call, changes, isProbe });
    change({ ...each, call });
    each.verdict.judgeStatus(new Response(null, { status: 500 }));
    return [each.told, each.target.lane.failed];
  };

  assertEquals(fail(() => {}), [["failure"], 0]);
  assertEquals(fail(({ call }) => call.journey.round = 2), [["ignored"], 1]);
  assertEquals(fail(({ verdict }) => verdict.isSecondFailure = true), [["ignored"], 1]);
  // A probe tests its origin, so that it always counts.
  assertEquals(fail(({ call }) => call.journey.round = 2, {}, true), [["failure"], 0]);
  assertEquals(fail(({ call }) => call.journey.round = 2, { countsInARow: true }), [["failure"], 0]);
});

test("AttemptVerdict.judgeByHeaders() reports that the origin is back, and keeps when its outage began", () => {
  const { verdict, told, target: { lane } } = setUp();
  lane.outage.sinceMs = 700;
  lane.succeeded = 3;
  verdict.judgeByHeaders();
  verdict.succeed();

  assertEquals(told, ["success", false]);
  lane.outage.begin(900, 3);
  assertEquals(lane.outage.sinceMs, 700);
});

test("AttemptVerdict records the reason of an origin's failure, without the URL of the request", () => {
  const reasonOf = (judge: (verdict: AttemptVerdict) => void, changes: Partial<Environment> = {}): string => {
    const { verdict, target } = setUp({ changes });
    judge(verdict);
    return target.lane.failureReason;
  };
  const sending = new TypeError("error sending request for url (https://a.test/secret?id=7): refused");
  const nested = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 192.0.2.1:443") });

  assertEquals(reasonOf((verdict) => verdict.judgeStatus(new Response(null, { status: 502 }))), "HTTP 502");
  assertEquals(reasonOf((verdict) => verdict.judgeTimeout(LATE)), "no answer for 1500 ms");
  assertEquals(
    reasonOf((verdict) => void verdict.judgeFailure(sending)),
    "error sending request for url (https://a.test): refused",
  );
  assertEquals(
    reasonOf((verdict) => void verdict.judgeFailure(nested)),
    "connect ECONNREFUSED 192.0.2.1:443",
  );
  for (const status of [200, 404, 429]) {
    assertEquals(reasonOf((verdict) => verdict.judgeStatus(new Response(null, { status }))), "");
  }
  const excused = { isFailure: () => false };
  assertEquals(reasonOf((verdict) => verdict.judgeTimeout(LATE), excused), "");
});

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CircuitOpenError, HttpError } from "../../mod.ts";
import { AdmissionWaiter } from "../../src/lanes/admission_waiter.ts";
import type { Errand } from "../../src/lanes/errand.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { isAbandoned, isGivenUp, refusalOf, refuseSome } from "../../src/lanes/refusal.ts";
import { Unavailability } from "../../src/lanes/unavailability.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

const MINUTE_MS = 60_000;

function setUp() {
  const clock = new ManualClock();
  const laneOf = (key: string, cooldownMs = 100): Lane => {
    const breaker = new CircuitBreaker({ threshold: 1, cooldownMs, clock });
    return new Lane({ key, breaker, bucket: undefined });
  };
  /** Returns why a request is refused now; `undefined` if it may wait. */
  const refusal = (errand: Errand, ...lanes: Lane[]) => refusalOf(errand, lanes, clock.now(), MINUTE_MS);
  return { clock, lane: laneOf("https://a.test"), laneOf, refusal };
}

/** A request that fails at once when a breaker is open. */
function single(deadlineAtMs = Infinity): Errand {
  return fakeCall({ settings: { totalTimeoutMs: deadlineAtMs } });
}

/** A request of a batch; its patience is half a minute unless `settings` differ. */
function patient(settings: Partial<Settings> = {}, deadlineAtMs = Infinity): Errand {
  return fakeCall({ allowance: fakeAllowance(), settings: { ...settings, totalTimeoutMs: deadlineAtMs } });
}

function open(lane: Lane): Lane {
  lane.breaker!.settle(lane.breaker!.enter(), "failure");
  lane.outage.sinceMs = 0;
  return lane;
}

function pause(lane: Lane, untilMs: number, status = 429): Lane {
  lane.pauseFor({ untilMs, isNamed: true, status, headers: new Headers({ "retry-after": "9" }) }, 0, false);
  return lane;
}

test("refusalOf() lets any request wait for a lane that is well, or has no breaker", () => {
  const { lane, refusal } = setUp();
  const plain = new Lane({ key: "https://b.test", breaker: undefined, bucket: undefined });
  for (const errand of [single(), patient(), single(1)]) {
    assertEquals([refusal(errand, lane), refusal(errand, plain)], [undefined, undefined]);
  }
});

test("refusalOf() refuses a single request while the breaker is open, says for how long, and shows no secrets", async () => {
  const { clock, lane, refusal } = setUp();
  open(lane);
  await clock.advance(40);
  const error = refusal(single(), lane);
  assertInstanceOf(error, CircuitOpenError);
  assertEquals([error.retryAfterMs, error.method, error.attempts], [60, "GET", 0]);
  assert(error.message.includes("https://a.test") && error.message.includes("is open"), error.message);
  assert(!JSON.stringify([error.message, error.url]).includes("secret"), error.message);
  await clock.advance(60);
  assertEquals(refusal(single(), lane), undefined);
});

test("refusalOf() lets a request wait for an open breaker if it is a batch's, or asks for that", () => {
  const { lane, refusal } = setUp();
  open(lane);
  assertEquals(refusal(patient(), lane), undefined);
  assertEquals(refusal(fakeCall({ settings: { onOpen: "wait" } }), lane), undefined);
  assertInstanceOf(refusal(patient({ onOpen: "fail" }), lane), CircuitOpenError);
});

test("refusalOf() refuses single requests while a probe is in flight, and lets patient ones wait for its result", async () => {
  const { clock, lane, refusal } = setUp();
  open(lane);
  await clock.advance(100);
  lane.breaker!.enter();
  const error = refusal(single(), lane);
  assertInstanceOf(error, CircuitOpenError);
  assertEquals([error.retryAfterMs, refusal(patient(), lane)], [5_000, undefined]);
  // The probe may end in time, whatever its lease is.
  assertEquals(refusal(patient({}, 200), lane), undefined);
});

test("refusalOf() refuses a patient request whose deadline passes before the breaker lets a request go", () => {
  const { lane, refusal } = setUp();
  open(lane);
  assertInstanceOf(refusal(patient({}, 99), lane), CircuitOpenError);
  assertEquals(refusal(patient({}, 100), lane), undefined);
});

test("refusalOf() refuses a request for a pause that is longer than the client waits out", () => {
  const { lane, refusal } = setUp();
  pause(lane, MINUTE_MS + 0.5, 503);
  for (const errand of [single(), patient()]) {
    const error = refusal(errand, lane);
    assertInstanceOf(error, HttpError);
    assertEquals([error.status, error.retryAfterMs], [503, MINUTE_MS + 0.5]);
    assertEquals(error.headers.get("retry-after"), "9");
    assert(error.message.includes("answered 503 and asked to wait another 60001 ms"), error.message);
  }
});

test("refusalOf() does not claim that an origin asked for a pause if its answer named no wait", () => {
  const { lane, refusal } = setUp();
  lane.pauseFor({ untilMs: MINUTE_MS + 1, isNamed: false, status: 429, headers: new Headers() }, 0, true);
  const error = refusal(single(), lane);
  assertInstanceOf(error, HttpError);
  assert(error.message.endsWith("answered 429 and is not asked for another 60001 ms"), error.message);
});

test("refusalOf() lets a request wait for a pause that is just short enough", async () => {
  const { clock, lane, refusal } = setUp();
  pause(lane, MINUTE_MS);
  assertEquals(refusal(single(), lane), undefined);
  assertEquals(refusal(single(MINUTE_MS), lane), undefined);
  assertInstanceOf(refusal(single(MINUTE_MS - 1), lane), HttpError);
  await clock.advance(MINUTE_MS);
  assertEquals(refusal(single(MINUTE_MS - 1), lane), undefined);
  pause(lane, MINUTE_MS + 100);
  assertInstanceOf(refusal(single(MINUTE_MS + 99), lane), HttpError);
  assertEquals(refusal(single(MINUTE_MS + 100), lane), undefined);
});

test("refusalOf() lets a request wait as long as it may wait for one of its lanes", () => {
  const { lane, laneOf, refusal } = setUp();
  open(lane);
  assertEquals(refusal(single(), lane, laneOf("https://b.test")), undefined);
  assertEquals(refusal(single(), lane, pause(laneOf("https://b.test"), 1_000)), undefined);
});

test("refusalOf() reports the lane that is free first, and of equals the preferred one", () => {
  const { laneOf, refusal } = setUp();
  const slow = open(laneOf("https://slow.test", 300));
  const fast = open(laneOf("https://fast.test", 200));
  const same = open(laneOf("https://same.test", 200));
  const paused = pause(laneOf("https://paused.test"), 2 * MINUTE_MS);
  const keyOf = (...lanes: Lane[]): string => {
    const { message } = refusal(single(), ...lanes)!;
    return lanes.find(({ key }) => message.includes(`${key} `))!.key;
  };
  assertEquals(keyOf(slow, fast), "https://fast.test");
  assertEquals(keyOf(fast, slow), "https://fast.test");
  assertEquals(keyOf(paused, slow), "https://slow.test");
  assertEquals([keyOf(fast, same), keyOf(same, fast)], ["https://fast.test", "https://same.test"]);
});

test("refusalOf() refuses for a pause rather than for a breaker, where a lane has both", () => {
  const { lane, refusal } = setUp();
  pause(open(lane), 2 * MINUTE_MS);
  assertInstanceOf(refusal(single(), lane), HttpError);
});

test("refusalOf() lets no patience end before the result of a probe that was sent in time", async () => {
  const { clock, lane, refusal } = setUp();
  const errand = patient({ patienceMs: 1_000 });
  open(lane);
  await clock.advance(1_000);
  assertEquals(refusal(errand, lane), undefined);

  // The last probe is in flight, and then it fails.
  const ticket = lane.enter(1_000, Infinity);
  assertEquals(refusal(errand, lane), undefined);
  lane.breaker!.settle(ticket, "failure");
  assertInstanceOf(refusal(errand, lane), CircuitOpenError);
  // Another request has more patience.
  assertEquals(refusal(patient({ patienceMs: 1_001 }), lane), undefined);
});

test("refusalOf() counts patience from the first opening, however often probes have failed since", async () => {
  const { clock, lane, refusal } = setUp();
  open(lane);
  lane.outage.sinceMs = -500;
  await clock.advance(50);
  lane.probedAtMs = 600;
  assertEquals(refusal(patient({ patienceMs: 600 }), lane), undefined);
  assertInstanceOf(refusal(patient({ patienceMs: 550 }), lane), CircuitOpenError);
});

test("refusalOf() lets no request of a batch wait for an origin that was given up, unless it sets its own patience", () => {
  const { lane, refusal } = setUp();
  open(lane);
  lane.isAbandoned = true;
  assertInstanceOf(refusal(patient(), lane), CircuitOpenError);
  // A caller that sets a patience waits for a service to start.
  assertEquals(refusal(patient({ patienceMs: 30_000 }), lane), undefined);
});

test("isAbandoned() is true only for requests that do not wait for an origin that has never answered", () => {
  const { lane } = setUp();
  const errands = [patient(), patient({ patienceMs: 1 }), single()];
  assertEquals(errands.map((errand) => isAbandoned(lane, errand)), [false, false, false]);
  lane.isAbandoned = true;
  assertEquals(errands.map((errand) => isAbandoned(lane, errand)), [true, false, false]);
});

test("refusalOf() says of each of several lanes why it is refused, and names the lane that would be free first", () => {
  const { lane, laneOf, refusal } = setUp();
  open(lane);
  const other = open(laneOf("https://b.test", 50.5));
  const paused = pause(laneOf("https://c.test"), MINUTE_MS + 1, 503);
  const error = refusal(single(), lane, other, paused);
  assertInstanceOf(error, CircuitOpenError);
  assertEquals(error.retryAfterMs, 50.5);
  assert(error.message.includes("the circuit breaker of https://b.test is open"), error.message);
  assertEquals(error.context, {
    mirrors: [
      { url: "https://a.test", failure: "its circuit breaker is open for another 100 ms" },
      { url: "https://b.test", failure: "its circuit breaker is open for another 51 ms" },
      { url: "https://c.test", failure: "answered 503 and asked to wait another 60001 ms" },
    ],
  });
  assertEquals(refusal(single(), lane)?.context, {});
});

test("refusalOf() says what the latest failure of an origin that is down was", () => {
  const { lane, laneOf, refusal } = setUp();
  open(lane).failureReason = "HTTP 503";
  const unknown = open(laneOf("https://b.test", 500));
  const alone = refusal(single(), lane);
  assert(alone?.message.endsWith("the circuit breaker of https://a.test is open after a failure: HTTP 503"));
  const both = refusal(single(), lane, unknown);
  assertEquals(both?.context.mirrors, [
    {
      url: "https://a.test",
      failure: "its circuit breaker is open for another 100 ms after a failure: HTTP 503",
    },
    { url: "https://b.test", failure: "its circuit breaker is open for another 500 ms" },
  ]);
});

test("refusalOf() gives the reason of each lane even if a cooldown or a pause ends meanwhile", () => {
  // Each look at the clock advances it.
  let nowMs = 0;
  const clock = Object.assign(new ManualClock(), { now: () => nowMs++ });
  const laneOf = (key: string, cooldownMs: number): Lane =>
    open(
      new Lane({ key, breaker: new CircuitBreaker({ threshold: 1, cooldownMs, clock }), bucket: undefined }),
    );
  for (let cooldownMs = 1; cooldownMs < 40; cooldownMs++) {
    for (
      const errand of [single(), patient({ onOpen: "fail" }), patient({ patienceMs: 1 }), patient({}, 3)]
    ) {
      nowMs = 0;
      const [a, b] = [laneOf("https://a.test", cooldownMs), laneOf("https://b.test", cooldownMs + 1)];
      pause(b, nowMs + cooldownMs);
      const error = refusalOf(errand, [a, b, laneOf("https://c.test", cooldownMs)], clock.now(), 1);
      if (error === undefined) continue;
      const { mirrors } = error.context as { mirrors: readonly { failure: string }[] };
      assertEquals(mirrors.filter(({ failure }) => /another [1-9]\d* ms$/.test(failure)).length, 3);
    }
  }
});

test("refuseSome() cuts no cooldown short for a request that has had its last probe and waits for another lane", () => {
  const { lane, laneOf } = setUp();
  open(lane);
  lane.outage.sinceMs = -500;
  lane.probedAtMs = 0;
  const busy = laneOf("https://b.test");
  const waitFor = (patienceMs: number): void => {
    const room = { now: () => 0, leave() {}, toAdmission: () => assert(false) as never };
    new AdmissionWaiter(room, patient({ patienceMs }), [lane, busy], false).enterAll();
  };
  const look = (): number => {
    refuseSome(lane, 0, MINUTE_MS, () => assert(false));
    return lane.outage.cooldownCapMs;
  };
  waitFor(500);
  assertEquals([look(), lane.blockedUntilMs(0)], [Infinity, 100]);
  // With another request that is patient until 60, a probe is due then.
  waitFor(560);
  assertEquals([look(), lane.blockedUntilMs(0)], [60, 60]);
});

test("refusalOf() refuses a request that has had its last probe, even if the cooldown has been cut short for another", () => {
  const { lane, refusal } = setUp();
  open(lane);
  lane.outage.sinceMs = -500;
  lane.probedAtMs = 0;
  lane.outage.cooldownCapMs = 0;
  assertEquals(refusal(patient({ patienceMs: 500 }), lane)?.message.includes("is open"), true);
  assertEquals(refusal(patient({ patienceMs: 501 }), lane), undefined);
});

test("refusalOf() refuses no request for a pause that is over, whatever the origin asked for before", async () => {
  const { clock, lane, refusal } = setUp();
  // The origin has refused everything for longer than the client waits.
  for (let nth = 0; nth < 5; nth++) {
    const headers = new Headers();
    const nowMs = clock.now();
    lane.pauseFor({ untilMs: nowMs + 20_000, isNamed: true, status: 429, headers }, nowMs, true);
    await clock.advance(20_000);
    assertEquals(lane.pauseLeftMs(clock.now()), 0);
    lane.enter(clock.now(), Infinity);
  }
  assert(lane.quota!.refusesAll(MINUTE_MS, clock.now()));
  for (const errand of [single(), single(1), patient(), patient({}, 1)]) {
    assertEquals(refusal(errand, lane), undefined);
  }
  open(lane);
  for (const errand of [single(), single(1)]) assertInstanceOf(refusal(errand, lane), CircuitOpenError);
});

/** Makes an origin that has answered only 503 since 0, and pauses. */
function unavailable(lane: Lane, untilMs = Infinity): Lane {
  lane.unavailability = new Unavailability();
  for (let nth = 0; nth < 4; nth++) lane.unavailability.extentOf(lane, false, 0, 0);
  return pause(lane, untilMs, 503);
}

test("isGivenUp() gives up an origin that answers 503 to all after six times the longest pause, or the patience if longer", () => {
  const { laneOf } = setUp();
  const lane = unavailable(laneOf("https://a.test"));
  const isIt = (nowMs: number, errand: Errand): boolean => isGivenUp(lane, [lane], errand, nowMs, MINUTE_MS);
  for (
    const errand of [single(), patient(), patient({ patienceMs: 1 }), patient({ patienceMs: 6 * MINUTE_MS })]
  ) {
    assertEquals([6 * MINUTE_MS - 1, 6 * MINUTE_MS].map((nowMs) => isIt(nowMs, errand)), [false, true]);
  }
  const errand = patient({ patienceMs: 8 * MINUTE_MS });
  assertEquals([8 * MINUTE_MS - 1, 8 * MINUTE_MS].map((nowMs) => isIt(nowMs, errand)), [false, true]);
  // Not while the longest pause is longer.
  assertEquals(isGivenUp(lane, [lane], single(), 6 * MINUTE_MS, MINUTE_MS + 1), false);
});

test("isGivenUp() is false while no pause is on, or once an attempt was served", () => {
  const { laneOf } = setUp();
  const paused = unavailable(laneOf("https://a.test"), 7 * MINUTE_MS);
  const isIt = (lane: Lane, nowMs: number): boolean => isGivenUp(lane, [lane], patient(), nowMs, MINUTE_MS);
  assertEquals([isIt(paused, 7 * MINUTE_MS - 1), isIt(paused, 7 * MINUTE_MS)], [true, false]);
  const back = unavailable(laneOf("https://b.test"));
  back.succeeded++;
  assertEquals(isIt(back, 7 * MINUTE_MS), false);
});

test("isGivenUp() is true after 503s only if all other lanes are unavailable too, or down", () => {
  const { laneOf, refusal } = setUp();
  const a = unavailable(laneOf("https://a.test"));
  const isIt = (...others: Lane[]): boolean =>
    isGivenUp(a, [a, ...others], patient(), 7 * MINUTE_MS, MINUTE_MS);
  assertEquals(isIt(laneOf("https://b.test")), false);
  assertEquals(isIt(pause(laneOf("https://b.test"), Infinity)), false);
  assertEquals(isIt(unavailable(laneOf("https://b.test"))), true);
  assertEquals(isIt(open(laneOf("https://b.test"))), true);
  // The other lane has not been down for longer than the client waits for it.
  assertEquals(
    refusal(
      patient(),
      unavailable(laneOf("https://c.test"), 1_000),
      open(laneOf("https://d.test")),
    ),
    undefined,
  );
});

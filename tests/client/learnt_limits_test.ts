import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { LearntLimits, loadLimitLearning } from "../../src/client/learnt_limits.ts";
import { AdmissionWaiter } from "../../src/lanes/admission_waiter.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeClient } from "./fake_client.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const STATED = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5" };

function setUp(option: ConstructorParameters<typeof LearntLimits>[0] = true) {
  const clock = new ManualClock();
  const scheduler = schedulerOn(clock);
  const learning = new LearntLimits(option, {
    clock,
    reporter: { active: false, emit() {} },
    scheduler: () => scheduler,
    maxWaitMs: 60_000,
  });
  const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined });
  scheduler.adopt(lane);
  learning.adopt(lane);
  const hear = (headers: Record<string, string>) => {
    const { inFlight } = lane;
    const about = { isOk: true, nowMs: 0, receipt: undefined, inFlight, openOfKey: 1 };
    learning.hear(lane, { headers: new Headers(headers), ...about });
  };
  return { scheduler, lane, learning, hear };
}

// Must be the first test of the file, while the module is not loaded yet.
test("LearntLimits holds requests until its module is loaded, if options say how limits are stated or an answer states one", async () => {
  const hearing = setUp();
  hearing.hear({ "content-type": "text/plain" });
  assertEquals([hearing.lane.isPreparing, hearing.lane.blockedUntilMs(0)], [false, 0]);
  hearing.hear(STATED);
  assertEquals([hearing.lane.isPreparing, hearing.lane.isClear, hearing.lane.blockedUntilMs(0)], [
    true,
    false,
    Infinity,
  ]);
  // Three attempts at once: before the module is loaded, all are answered, one without limits, and one has ended.
  const busy = setUp();
  busy.lane.inFlight = 3;
  for (const remaining of ["9", undefined, "7"]) {
    busy.lane.answered(0);
    busy.hear(remaining === undefined ? {} : { ...STATED, "x-ratelimit-remaining": remaining });
    assertEquals(busy.lane.listens, true);
  }
  busy.lane.inFlight = 2;
  const told = setUp({ limits: "x-limits" });
  const inLine = [busy, told].map(({ scheduler, lane }) => {
    const waiter = scheduler.admit(fakeCall(), [lane], false);
    assert(waiter instanceof AdmissionWaiter);
    return watch(waiter.admission);
  });
  const { lane } = setUp({ limits: "x-limits" });
  assertEquals([lane.isPreparing, lane.isClear, lane.blockedUntilMs(0)], [true, false, Infinity]);
  while ([hearing, busy, told, { lane }].some(({ lane: { isPreparing } }) => isPreparing)) {
    await eventLoopTurn();
  }
  assertEquals([lane.isPreparing, lane.learner !== undefined, lane.blockedUntilMs(0)], [false, true, 0]);
  assertEquals([hearing.lane.isPreparing, hearing.lane.blockedUntilMs(0)], [false, 5_000]);
  await eventLoopTurn();
  assertEquals(inLine.map(({ state }) => state), ["fulfilled", "fulfilled"]);
  for (let sent = 1; sent < 7; sent++) {
    assertEquals(busy.lane.blockedUntilMs(0), 0);
    busy.lane.book!.noteSent(0);
  }
  assertEquals(busy.lane.blockedUntilMs(0), 5_000);
  const { client, clock } = fakeClient(() => ({ json: 1 }), { learnLimits: { limits: "x-limits" } });
  assertEquals(await clock.run(client.json("https://a.test/")), 1);
});

test("LearntLimits.hear() makes a lane learn from the first answer that states limits", async () => {
  await loadLimitLearning();
  const { lane, hear } = setUp();
  hear({ "content-type": "text/plain" });
  assertEquals([lane.learner, lane.book, lane.isClear], [undefined, undefined, true]);
  hear(STATED);
  assertEquals([lane.learner !== undefined, lane.book?.blockedUntilMs(0), lane.listens], [true, 5_000, true]);
});

test("LearntLimits.bookOfKey() creates a book only if options say that answers state limits", async () => {
  await loadLimitLearning();
  const [usual, told] = [setUp(), setUp({ limits: "x-limits" })];
  assertEquals(usual.learning.bookOfKey(usual.lane), undefined);
  usual.hear(STATED);
  // The lane has a learner by now, but answers may state no limits of a key.
  assertEquals([usual.lane.learner !== undefined, usual.learning.bookOfKey(usual.lane)], [true, undefined]);
  assert(told.learning.bookOfKey(told.lane) !== undefined);
});

test("A client reads the headers of an origin's first success only, if these state no limit", async () => {
  let looks = 0;
  const client = createClient({
    fetch: () => {
      const response = Response.json(1);
      const { headers } = response;
      Object.defineProperty(response, "headers", { get: () => (looks++, headers) });
      return Promise.resolve(response);
    },
  });
  for (let n = 0; n < 20; n++) await client.json(`http://a.test/${n}`);
  assertEquals(looks, 1);
  await client.close();
});

test("learnLimits: bad options are refused when the client is made", () => {
  const cases: readonly [unknown, string][] = [
    [1, "Cannot create client as 'learnLimits' must be true, false,"],
    [[], "Cannot create client as 'learnLimits' must be"],
    [{}, "Cannot create client as 'learnLimits.limits' must be a header name"],
    [{ limits: "a b" }, "Cannot create client as 'learnLimits.limits' must be a header name"],
    [
      [{ limits: "x" }, { limits: "y", per: "client" }],
      "Cannot create client as 'learnLimits.1.per' must be 'origin' or 'key'",
    ],
    [{ limits: "x", count: "y" }, "Cannot create client as 'learnLimits.count'"],
  ];
  for (const [learnLimits, message] of cases) {
    assertThrows(() => createClient({ learnLimits } as ClientOptions), TypeError, message);
  }
  assertThrows(
    () => createClient({ limitKey: "k" } as unknown as ClientOptions),
    TypeError,
    "'limitKey' must be a function",
  );
});

test("LearntLimits warns once about a function that throws, as soon as the client has a listener", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1 }), {
    learnLimits: () => {
      throw new Error("mine");
    },
  });
  await clock.run(client.json("https://a.test/1"));
  const warnings: string[] = [];
  client.on((event) => event.type === "warning" && warnings.push(event.message));
  for (let n = 0; n < 3; n++) await clock.run(client.json(`https://a.test/${n}`));
  assertEquals(warnings, ["'learnLimits' threw: nothing is learnt of this answer"]);
});

import { Readable } from "node:stream";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type ClientEvent,
  type ClientOptions,
  createClient,
  HttpError,
  InvalidDataError,
  type StandardSchemaV1,
  TimeoutError,
} from "../../mod.ts";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { type StraightOwner, StraightWay } from "../../src/client/straight_way.ts";
import { type HeaderMap, NO_HEADERS } from "../../src/http/headers.ts";
import { Lane } from "../../src/lanes/lane.ts";
import type { PreparedRequest } from "../../src/http/request.ts";
import type { Journey } from "../../src/policies/journey.ts";
import { Call } from "../../src/policies/call.ts";
import type { Reply as HandedReply } from "../../src/policies/reply.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { LinkedQueue } from "../../src/primitives/linked_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import {
  broken,
  FakeOrigin,
  hanging,
  json,
  late,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { rig, URL_A } from "../policies/rig.ts";
import { nodeResponse } from "../support/node_response.ts";
import { test } from "../support/test.ts";
import { microtasks } from "../support/microtasks.ts";
import { gate, rejection, watch } from "../support/settled.ts";

/** How a call ends, as its owner is told. */
type Ending = readonly ["settle" | "deliver" | "fail" | "follow", unknown];

interface SetUpOptions {
  readonly options?: ClientOptions;
  readonly lane?: { readonly key?: string; readonly warmsUp?: () => boolean };
  readonly headers?: HeaderMap;
  /** The headers that every request of the client carries. */
  readonly common?: HeaderMap;
  /** The parts of the requests that are more than a URL. */
  readonly request?: Partial<PreparedRequest>;
  /** Whether the callers read the bodies. */
  readonly streams?: boolean;
  readonly fetch?: (sent: string, init: RequestInit) => unknown;
  readonly deaf?: boolean;
  readonly clock?: ManualClock;
}

/** Creates the straight way alone, with an owner that only records how calls end. */
function setUp(reply: Reply | readonly Reply[], given: SetUpOptions = {}) {
  const { clock = new ManualClock() } = given;
  const origin = new FakeOrigin(reply, { clock, deaf: given.deaf });
  const events: ClientEvent[] = [];
  const fetch = (given.fetch ?? origin.fetch) as typeof globalThis.fetch;
  const { environment } = buildPipeline(
    { concurrency: 1, fetch, random: () => 0, ...given.options },
    { clock, reporter: { active: true, emit: (event) => events.push(event) } },
    { inBackground() {} },
  );
  const { scheduler } = environment;
  const lane = new Lane({
    key: "http://a.test",
    breaker: new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock }),
    bucket: undefined,
    ...given.lane,
  });
  scheduler.adopt(lane);
  const calls = new LinkedQueue<Call>();
  const changed: Call[] = [];
  const endings = new Map<Call, Ending>();
  const end = (call: Call, ...ending: Ending): void => {
    assert(!endings.has(call), `${call.url} has two ends: ${endings.get(call)?.[0]} and ${ending[0]}`);
    endings.set(call, ending);
    calls.remove(call);
  };
  const owner: StraightOwner = {
    get firstCall() {
      return calls.head;
    },
    scheduler,
    headers: given.common ?? NO_HEADERS,
    sensitive: new Set(["authorization"]),
    noteChange: (call) => void changed.push(call),
    settle: (call, _ok, value) => end(call, "settle", value),
    deliver: (call, reply) => end(call, "deliver", given.streams ? reply : reply.body),
    fail: (call, error) => end(call, "fail", error),
    follow: (call) => end(call, "follow", call.journey.opening),
  };
  const way = new StraightWay(environment, owner, fetch);
  let loops = 0;
  const straight = way.run.bind(way);
  way.run = (call: Call): Promise<void> => {
    loops++;
    return straight(call);
  };
  /** Sends a call, or makes it wait. */
  const start = (settings: Partial<Settings> = {}): Call => {
    const context = {
      settings: { ...clientSettings({}), ...settings },
      signals: [],
      headers: NO_HEADERS,
      allowance: undefined,
      streams: given.streams ?? false,
      rejectsStatus: false,
      isBackground: false,
      owner: {
        settle() {},
        onCancel() {},
        onBodyEnd() {},
        nextId: () => 1,
        placesOf: ({ url }: Call) => [url],
        closing: undefined,
        straight: way,
      },
      straightHeaders: given.headers ?? NO_HEADERS,
    };
    const url = `${lane.key}/${calls.size}`;
    const prepared: PreparedRequest | undefined = given.request && {
      method: "GET",
      url,
      absolute: true,
      origin: lane.key,
      headers: NO_HEADERS,
      body: null,
      repeatable: true,
      init: undefined,
      ...given.request,
    };
    const call = Object.assign(new Call(context, prepared ?? url, { onSettled() {} }), {
      lane,
      sentUrl: url,
      startedAtMs: clock.now(),
    });
    calls.push(call);
    const ticket = scheduler.tryEnter(lane, clock.now());
    if (ticket === -1) way.enqueue(call);
    else way.run(Object.assign(call, { ticket }));
    return call;
  };
  return {
    clock,
    origin,
    events,
    environment,
    scheduler,
    lane,
    start,
    end: (call: Call) => endings.get(call),
    changed,
    loops: () => loops,
  };
}

test("a plain success is answered with its value, counted, and leaves nothing behind", async () => {
  const { start, end, clock, lane, scheduler, origin, environment } = setUp(json({ é: 1 }));
  const call = start();
  await clock.advance(0);
  assertEquals(end(call), ["settle", { é: 1 }]);
  assertEquals([lane.succeeded, lane.bytes, environment.counters.bytes], [1, 8, 8]);
  assertEquals([scheduler.inFlight, lane.inFlight, clock.pending, origin.open], [0, 0, 0, 0]);
  assertEquals([call.attempts, call.isInFlight, call.pending], [1, false, undefined]);
});

test("text and bytes are returned as they came, and an empty body as JSON is undefined", async () => {
  const cases: [Partial<Settings>, string, unknown][] = [
    [{ as: "text" }, "[1, é", "[1, é"],
    [{ as: "bytes" }, "é", new Uint8Array([0xc3, 0xa9])],
    [{ as: "json" }, "", undefined],
    [{ as: "json" }, "null", null],
  ];
  for (const [settings, body, value] of cases) {
    const { start, end, clock } = setUp(text(body));
    const call = start(settings);
    await clock.advance(0);
    assertEquals(end(call), ["settle", value]);
  }
});

/** A schema that accepts a number and returns its double. */
function doubles(isAsync: boolean): StandardSchemaV1<unknown, number> {
  const validate = (value: unknown) =>
    typeof value === "number" ? { value: 2 * value } : { issues: [{ message: "no number" }] };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) => isAsync ? Promise.resolve(validate(value)) : validate(value),
    },
  };
}

test("a schema makes the value, or passes the call on with its error, at once or later", async () => {
  for (const isAsync of [false, true]) {
    const schema = doubles(isAsync);
    const { start, end, clock, scheduler } = setUp([json(21), json("x")]);
    const [good, bad] = [start({ schema }), start({ schema })];
    const unchecked = start({ schema, validate: false });
    const words = start({ as: "text", schema, validate: false });
    await clock.advance(0);
    assertEquals(end(good), ["settle", 42]);
    const [way, opening] = end(bad)!;
    assertEquals(way, "follow");
    const { error, admission } = opening as { error: unknown; admission?: unknown };
    assertInstanceOf(error, InvalidDataError);
    // The origin has answered: the permit is back already.
    assertEquals([error.reason, admission], ["schema", undefined]);
    assertEquals([end(unchecked), end(words)], [["settle", "x"], ["settle", '"x"']]);
    assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
  }
});

test("truncated JSON passes the call on with its error, and the permit is free", async () => {
  const { start, end, clock, scheduler, lane } = setUp(text("[1,"));
  const call = start();
  await clock.advance(0);
  const [way, opening] = end(call)!;
  assertInstanceOf((opening as { error: unknown }).error, InvalidDataError);
  assertEquals([way, scheduler.inFlight, lane.succeeded], ["follow", 0, 1]);
});

test("a response that is no success is passed on with its admission, unread and not judged yet", async () => {
  for (const code of [503, 404, 304, 429]) {
    const { start, end, clock, scheduler, lane } = setUp(status(code));
    const call = start();
    await clock.advance(0);
    const [way, opening] = end(call)!;
    const { admission, response, error } = opening as NonNullable<Journey["opening"]>;
    assertEquals([way, response?.status, response?.bodyUsed, error], ["follow", code, false, undefined]);
    assertEquals([scheduler.inFlight, lane.succeeded, lane.failed, clock.pending], [1, 0, 0, 0]);
    admission!.judge("failure");
    admission!.release();
    assertEquals([scheduler.inFlight, lane.failed, lane.breaker!.state], [0, 1, "open"]);
    await response!.body?.cancel();
  }
});

test("a broken body and a failed fetch are passed on with the error itself and the admission, without a response", async () => {
  const refusal = new TypeError("connection refused");
  for (
    const [reply, message] of [[broken(), "connection lost"], [
      () => Promise.reject(refusal),
      "refused",
    ]] as const
  ) {
    const { start, end, clock, lane } = setUp(reply);
    const call = start();
    await clock.advance(0);
    const [way, opening] = end(call)!;
    const { admission, response, error } = opening as NonNullable<Journey["opening"]>;
    assertInstanceOf(error, TypeError);
    assert(error.message.includes(message), error.message);
    assertEquals([way, response, admission?.lane, lane.inFlight], ["follow", undefined, lane, 1]);
  }
});

test("a result that is no Response is passed on without a value", async () => {
  for (const nonsense of [null, {}, "text", 5, { ok: true, status: 200, text: () => "[1]" }]) {
    const made = setUp(json(1), { fetch: () => nonsense });
    const call = made.start();
    await made.clock.advance(0);
    const ending = made.end(call)!;
    const { admission, response, error } = ending[1] as NonNullable<Journey["opening"]>;
    if (nonsense === null) assertInstanceOf(error, TypeError);
    else assertEquals([response as unknown, error], [nonsense, undefined]);
    assertEquals([ending[0], admission?.lane], ["follow", made.lane]);
  }
});

test("each fetch gets a signal of its own, and headers only if there are any", async () => {
  const headers = { accept: "text/csv" };
  for (
    const [given, expected] of [[NO_HEADERS, ["redirect", "signal"]], [
      headers,
      ["headers", "redirect", "signal"],
    ]] as const
  ) {
    const seen: RequestInit[] = [];
    const { start, clock } = setUp(json(1), {
      headers: given,
      fetch: (_url, init) => {
        seen.push(init);
        return Promise.resolve(new Response("1"));
      },
    });
    start();
    start();
    await clock.advance(0);
    assertEquals(seen.map((init) => Object.keys(init).sort()), [[...expected], [...expected]]);
    assert(seen[0]!.signal !== seen[1]!.signal);
    assertEquals(seen[1]!.headers, given === NO_HEADERS ? undefined : headers);
  }
});

test("a request that waits for the permit is sent in the same loop, in order", async () => {
  const { start, end, clock, origin, loops } = setUp(json(1));
  const calls = [start(), start(), start()];
  assertEquals(origin.calls, 1);
  await clock.advance(0);
  assertEquals(calls.map((call) => end(call)?.[0]), ["settle", "settle", "settle"]);
  assertEquals([origin.calls, origin.peak, loops()], [3, 1, 1]);
});

test("the loop ends with an attempt that is passed on, and its released permit starts another loop", async () => {
  const { start, end, clock, loops } = setUp([status(503), json(1)]);
  const [first, second] = [start(), start()];
  await clock.advance(0);
  assertEquals([end(first)?.[0], end(second), loops()], ["follow", undefined, 1]);
  first.journey.opening!.admission!.judge("success");
  first.journey.opening!.admission!.release();
  await clock.advance(0);
  assertEquals([end(second), loops()], [["settle", 1], 2]);
});

test("a request that is admitted as a probe goes to the general way, with the admission", async () => {
  const { start, end, clock, lane, scheduler, origin } = setUp(json(1));
  scheduler.reports.judge(lane, lane.breaker!.enter(), "failure", 0);
  const call = start({ onOpen: "wait" });
  await clock.advance(100);
  assertEquals([end(call)?.[0], call.journey.opening, origin.calls], ["follow", undefined, 0]);
  assert(call.journey.granted?.isProbe);
  assertEquals(scheduler.inFlight, 1);
});

test("a request that must not wait for an open breaker fails", () => {
  const { start, end, lane, scheduler } = setUp(json(1));
  scheduler.reports.judge(lane, lane.breaker!.enter(), "failure", 0);
  const call = start();
  assertEquals([end(call)?.[0], call.pending, lane.queued], ["fail", undefined, 0]);
});

test("a cancelled call leaves the line, and those behind it go on", async () => {
  const { start, end, clock, lane } = setUp(json(1));
  const [first, second, third] = [start(), start(), start()];
  second.pending!.cancel(new Error("enough"), second);
  assertEquals(lane.queued, 1);
  await clock.advance(0);
  assertEquals([first, second, third].map((call) => end(call)?.[0]), ["settle", undefined, "settle"]);
});

test("each attempt has its own timeout from when it is sent, with one timer for all attempts", async () => {
  const made = setUp(hanging(), { options: { concurrency: 4 } });
  const { start, end, clock, scheduler, lane } = made;
  lane.hasAnswered = true;
  const calls = [start({ timeoutMs: 300 }), start({ timeoutMs: 100 })];
  assertEquals(clock.pending, 1);
  await clock.advance(50);
  calls.push(start({ timeoutMs: 100 }));
  const ended = (): (string | undefined)[] => calls.map((call) => end(call)?.[0]);
  await clock.advance(49);
  assertEquals(ended(), [undefined, undefined, undefined]);
  await clock.advance(1);
  assertEquals(ended(), [undefined, "follow", undefined]);
  await clock.advance(50);
  assertEquals(ended(), [undefined, "follow", "follow"]);
  await clock.advance(150);
  assertEquals([ended(), scheduler.inFlight, clock.pending], [["follow", "follow", "follow"], 0, 0]);
  const { error, admission } = calls[1]!.journey.opening!;
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, error.timeoutMs, admission], ["attempt", 100, undefined]);
});

test("a timeout is a failure of the origin, unless the client is told otherwise, and stops the fetch with its error", async () => {
  for (const isFailure of [undefined, () => false]) {
    const circuitBreaker = { threshold: 1, isFailure };
    const { start, clock, lane, origin } = setUp(stalled(), { options: { circuitBreaker } });
    const call = start({ timeoutMs: 100 });
    await clock.advance(100);
    assertEquals([lane.succeeded, lane.failed], isFailure === undefined ? [0, 1] : [1, 0]);
    assertStrictEquals(origin.sent[0]!.signal?.reason, call.journey.opening!.error);
    assertEquals([origin.open, lane.inFlight], [0, 0]);
  }
});

test("a call that `isFailure` ends after its timeout gives one permit back, and does not go on", async () => {
  for (const deaf of [false, true]) {
    const reason = new Error("enough");
    const isFailure = (): boolean => {
      for (const call of calls) call.cancel(reason);
      return true;
    };
    const circuitBreaker = { threshold: 1, isFailure };
    const options = { circuitBreaker, concurrency: 2 };
    const { start, end, clock, scheduler, lane, origin } = setUp(stalled(), { options, deaf });
    const calls = [start({ timeoutMs: 100 }), start({ timeoutMs: 100 })];
    await clock.advance(100);
    assertEquals([calls.map(end), lane.failed], [[undefined, undefined], 0]);
    assertStrictEquals(origin.sent[0]!.signal?.reason, reason);
    await clock.advance(100_000);
    assertEquals([scheduler.inFlight, lane.inFlight, clock.pending], [0, 0, 0]);
  }
});

test("several attempts that time out together are all passed on", async () => {
  const { start, end, clock, scheduler } = setUp(hanging(), { options: { concurrency: 5 } });
  const calls = Array.from({ length: 5 }, () => start({ timeoutMs: 100 }));
  await clock.advance(100);
  assertEquals(calls.map((call) => end(call)?.[0]), Array(5).fill("follow"));
  assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
});

test("a fetch that ignores its signal keeps its permit for `timeoutMs` after the abort, and is then written off", async () => {
  const { start, clock, scheduler, lane, events } = setUp(hanging(), { deaf: true });
  const call = start({ timeoutMs: 100 });
  await clock.advance(100);
  assertEquals([call.journey.opening?.error instanceof TimeoutError, scheduler.inFlight], [true, 1]);
  await clock.advance(99);
  assertEquals([scheduler.inFlight, events], [1, []]);
  await clock.advance(1);
  assertEquals([scheduler.inFlight, lane.inFlight, clock.pending], [0, 0, 0]);
  assertEquals(events.map((event) => [event.type, event.atMs]), [["warning", 200]]);
});

test("a fetch that ignores its signal and ends late gives its permit back once, and its body is cancelled", async () => {
  // The client writes the attempt off at 200 ms, if it has not ended by then.
  for (const [endMs, releasedAtMs, warnings] of [[150, 150, 0], [250, 200, 1]] as const) {
    const clock = new ManualClock();
    const reply = () =>
      new Promise<Response>((resolve) => clock.setTimeout(() => resolve(new Response("1")), endMs));
    const { start, end, scheduler, events, origin } = setUp(reply, { clock, deaf: true });
    const call = start({ timeoutMs: 100 });
    await clock.advance(releasedAtMs - 1);
    assertEquals(scheduler.inFlight, 1);
    await clock.advance(1);
    assertEquals(scheduler.inFlight, 0);
    await clock.advance(1_000);
    assertEquals([end(call)?.[0], scheduler.inFlight, origin.cancelled, events.length], [
      "follow",
      0,
      1,
      warnings,
    ]);
    assertEquals(clock.pending, 0);
  }
});

test("a fetch that ignores its signal and gives anything late gives its permit back", async () => {
  const stream = new Readable({ read() {} });
  for (const given of [nodeResponse(stream), { ok: true, body: "1" }, 1]) {
    const clock = new ManualClock();
    const fetch = () => new Promise((resolve) => clock.setTimeout(() => resolve(given), 150));
    const { start, scheduler, lane } = setUp(text(""), { clock, fetch });
    start({ timeoutMs: 100 });
    await clock.advance(150);
    assertEquals([scheduler.inFlight, lane.inFlight, clock.pending], [0, 0, 0]);
  }
  assertEquals(stream.destroyed, true);
});

test("one request goes ahead on a cold lane, and the others follow after its headers, before its body", async () => {
  const opening = gate();
  const { start, end, clock, origin, lane } = setUp(async () => {
    await opening.promise;
    return new Response("1");
  }, { options: { concurrency: 5 }, lane: { key: "https://a.test", warmsUp: () => true } });
  const calls = [start(), start(), start()];
  await clock.advance(10);
  assertEquals([origin.calls, lane.queued], [1, 2]);
  opening.open();
  await clock.advance(0);
  assertEquals([origin.calls, origin.timesMs, lane.hasAnswered], [3, [0, 10, 10], true]);
  assertEquals(calls.map((call) => end(call)?.[0]), ["settle", "settle", "settle"]);
});

test("the others of a cold lane wait no longer than 500 ms for the headers", async () => {
  const { start, clock, origin } = setUp(hanging(), {
    options: { concurrency: 5 },
    lane: { key: "https://a.test", warmsUp: () => true },
  });
  for (let nth = 0; nth < 3; nth++) start({ timeoutMs: 700 });
  await clock.advance(499);
  assertEquals(origin.calls, 1);
  await clock.advance(1);
  assertEquals(origin.calls, 3);
  await clock.advance(1_000);
});

test("each request pays into the retry budget once, at the time of the clock", async () => {
  const deposits: number[] = [];
  const retryBudget = { deposit: (nowMs: number) => deposits.push(nowMs), tryWithdraw: () => true } as never;
  const { start, clock } = setUp(json(1), { options: { retryBudget } });
  start();
  await clock.advance(140);
  start();
  await clock.advance(0);
  assertEquals(deposits, [0, 140]);
});

// The following tests use a whole client without listeners.

test("a call that leaves the straight way is retried, and ends as on the general way", async () => {
  const notFirst = (reply: Reply): Reply[] => [reply, json("second")];
  for (const reply of [status(503), broken(), text("[1,"), () => Promise.reject(new TypeError("refused"))]) {
    const { client, origin, run } = rig(notFirst(reply), {}, { listens: false });
    assertEquals(await run(client.json(URL_A)), "second");
    assertEquals([origin.calls, client.stats().retried, client.stats().inFlight], [2, 1, 0]);
  }
  const { client, run } = rig(status(400), {}, { listens: false });
  const error = await run(rejection(client.json(URL_A)));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.attempts], [400, 1]);
});

test("several timeouts of one client each end their own request", async () => {
  const { client, clock, run } = rig(hanging(), { maxRetries: 0 }, { listens: false });
  const ends: [number, number][] = [];
  const requests = [300, 100, 200].map(async (timeoutMs) => {
    const error = await rejection(client.json(`${URL_A}?${timeoutMs}`, { timeoutMs }));
    assertInstanceOf(error, TimeoutError);
    ends.push([error.timeoutMs, clock.now()]);
  });
  await run(Promise.all(requests));
  assertEquals(ends, [[100, 100], [200, 200], [300, 300]]);
  assertEquals(clock.pending, 0);
});

test("an abort rejects at once with the reason itself, and the permit goes to the next request when the fetch has ended", async () => {
  const { client, clock, origin } = rig([stalled(), json(2)], { concurrency: 1 }, { listens: false });
  const controller = new AbortController();
  const aborted = watch(client.json(`${URL_A}?1`, { signal: controller.signal }));
  const next = watch(client.json(`${URL_A}?2`));
  await clock.advance(10);
  assertEquals(origin.calls, 1);
  const reason = { code: "enough" };
  controller.abort(reason);
  await clock.advance(0);
  assertStrictEquals(aborted.error, reason);
  assertEquals([next.value, origin.peak, clock.pending, client.stats().inFlight], [2, 1, 0, 0]);
});

test("a fetch that ignores its signal is written off after `timeoutMs`, with one warning to a later listener", async () => {
  const { client, clock, origin } = rig([hanging(), json(2)], { concurrency: 1, maxRetries: 0 }, {
    listens: false,
    deaf: true,
  });
  const late = watch(client.json(`${URL_A}?token=secret`, { timeoutMs: 100 }));
  const next = watch(client.json(`${URL_A}?2`));
  await clock.advance(100);
  assertEquals([late.error instanceof TimeoutError, next.state], [true, "pending"]);
  const warnings: ClientEvent[] = [];
  client.on((event) => {
    if (event.type === "warning") warnings.push(event);
  });
  await clock.advance(99);
  assertEquals([origin.calls, warnings], [1, []]);
  await clock.advance(1);
  assertEquals([next.value, origin.calls, warnings.length], [2, 2, 1]);
  const [warning] = warnings;
  assert(warning!.type === "warning");
  assertEquals([warning.source, warning.atMs, warning.message.includes("secret")], ["fetch", 200, false]);
});

test("a batch pulls its next request when a permit is passed on to it, and not before", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(late(clock, 10, json(1)), { clock });
  const client = createClient({ clock, fetch: origin.fetch, concurrency: 2 });
  const pulledAtMs: number[] = [];
  const source = (function* () {
    for (let nth = 0; nth < 6; nth++) {
      pulledAtMs.push(clock.now());
      yield `http://a.test/${nth}`;
    }
  })();
  const outcomes = await clock.run(client.settle(source));
  assertEquals(outcomes.map(({ ok }) => ok), Array(6).fill(true));
  assertEquals(pulledAtMs, [0, 0, 10, 10, 20, 20]);
  assertEquals([origin.timesMs, origin.peak], [pulledAtMs, 2]);
});

test("a single request and a batch share the permits that are passed on", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(late(clock, 10, json(1)), { clock });
  const client = createClient({ clock, fetch: origin.fetch, concurrency: 1 });
  const batch = client.settle(Array.from({ length: 4 }, (_, nth) => `http://a.test/${nth}`));
  const single = client.json("http://a.test/single").then(() => clock.now());
  await clock.run(batch);
  // The single request takes its turn after the first request of the batch, and not after the last.
  assert(await single <= 20, `it ended at ${await single}`);
  assertEquals([origin.calls, origin.peak], [5, 1]);
});

test("callers that share one request get a value each", async () => {
  const { client, origin, run } = rig(json({ a: 1 }), {}, { listens: false });
  const [first, second] = await run(Promise.all([client.json(URL_A), client.json(URL_A)]));
  assertEquals([first, second, origin.calls], [{ a: 1 }, { a: 1 }, 1]);
  assert(first !== second);
});

test("a streamed body is given to the caller with its head, and its permit passes on when it has been read", async () => {
  const { start, end, clock, scheduler, lane, origin, loops } = setUp([json(1), json(2)], { streams: true });
  const [call, next] = [start(), start()];
  await clock.advance(0);
  const [way, reply] = end(call) as readonly ["deliver", HandedReply];
  assertEquals([way, reply.status, reply.from, reply.target?.url], ["deliver", 200, "network", call.url]);
  assertEquals([scheduler.inFlight, origin.calls, end(next)], [1, 1, undefined]);

  const response = reply.openBody!.release();
  assertEquals([await response.json(), response.url], [1, call.url]);
  await clock.advance(0);
  assertEquals([origin.calls, loops(), end(next)?.[0]], [2, 2, "deliver"]);
  assertEquals([lane.succeeded, lane.bytes, scheduler.inFlight], [2, 1, 1]);
  (end(next)![1] as HandedReply).openBody!.discard();
  await clock.run(Promise.resolve());
  await clock.advance(0);
  assertEquals([scheduler.inFlight, origin.open, clock.pending], [0, 0, 0]);
});

test("an answer that is no success, or that `retryOn` names, is passed on, also when it streams", async () => {
  const cases: [Reply, Partial<Settings>][] = [
    [status(404), {}],
    [status(503), {}],
    [status(429), {}],
    [status(304), {}],
    [json(1), { retryOn: [200] }],
  ];
  for (const [reply, settings] of cases) {
    const { start, end, clock, scheduler } = setUp(reply, { streams: true });
    const call = start(settings);
    await clock.advance(0);
    const [way, opening] = end(call)!;
    assertEquals([way, scheduler.inFlight], ["follow", 1]);
    const { admission, response } = opening as NonNullable<Journey["opening"]>;
    assertInstanceOf(response, Response);
    admission!.release();
  }
});

test("a request with its own method, headers or body is sent with them, and answered like others", async () => {
  const common = { "x-common": "1", "x-both": "client" };
  const headers = { "x-both": "own", "content-type": "text/plain" };
  const cases: [Partial<PreparedRequest>, Ending][] = [
    [{ headers }, ["settle", 1]],
    [{ method: "POST", headers, body: "é", repeatable: false }, ["settle", 1]],
    [{ method: "DELETE" }, ["settle", 1]],
    [{ method: "HEAD" }, ["settle", 1]],
  ];
  for (const [request, ending] of cases) {
    const { start, end, clock, origin, scheduler, changed } = setUp(json(1), {
      request,
      common,
      headers: common,
    });
    const call = start();
    await clock.advance(0);
    assertEquals(end(call), ending);
    const [{ method, body, headers: sent }] = origin.sent as [typeof origin.sent[0]];
    assertEquals([method, body ?? null], [request.method ?? "GET", request.body ?? null]);
    const { accept, ...rest } = Object.fromEntries(sent);
    assertEquals([accept, rest], ["application/json", { ...common, ...request.headers }]);
    assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
    assertEquals(changed.length, ["POST", "DELETE"].includes(method) ? 1 : 0);
  }
});

test("a body that streams to the origin is sent as a stream, once", async () => {
  const inits: RequestInit[] = [];
  const fetch = (_url: string, init: RequestInit) => {
    inits.push(init);
    return Promise.reject(new TypeError("reset"));
  };
  const body = new ReadableStream();
  const request = { method: "PUT", body, repeatable: false };
  const { start, end, clock } = setUp(json(1), { request, fetch });
  const call = start();
  await clock.advance(0);
  assertEquals([end(call)?.[0], inits.length], ["follow", 1]);
  const { duplex, ...init } = inits[0]! as RequestInit & { duplex?: string };
  assertStrictEquals(init.body, body);
  assertEquals([duplex, init.method, init.redirect], ["half", "PUT", "manual"]);
});

test("an abort at any moment after the headers sends nothing more, and gives the permit back", async () => {
  const url = "https://a.test/x";
  const replies = [
    () => new Response(null, { status: 302, headers: { location: "/y" } }),
    () => new Response("no", { status: 503 }),
    () => new Response('{"a":'),
    () => Promise.reject(new TypeError("refused")),
  ];
  for (const reply of replies) {
    for (let count = 0; count < 40; count++) {
      const clock = new ManualClock();
      const controller = new AbortController();
      const reason = new Error("enough");
      const sentAt: boolean[] = [];
      const fetch = (): Promise<Response> => {
        sentAt.push(controller.signal.aborted);
        if (sentAt.length > 1) return Promise.resolve(new Response("1"));
        void microtasks(count).then(() => controller.abort(reason));
        return Promise.resolve(reply());
      };
      const backoff = { jitter: "none", baseMs: 0 } as const;
      const client = createClient({ clock, fetch, concurrency: 1, backoff });
      const failed = watch(client.json(url, { signal: controller.signal }));
      await clock.advance(500);
      assert(!sentAt.includes(true), `sent after ${count} microtasks`);
      if (failed.state === "rejected") assertStrictEquals(failed.error, reason);
      assertEquals([client.stats().inFlight, clock.pending], [0, 0]);
    }
  }
});

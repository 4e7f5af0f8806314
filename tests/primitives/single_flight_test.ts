import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { SingleFlight } from "../../src/primitives/single_flight.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { rejection, watch } from "../support/settled.ts";
import { runtime, test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";

/** Creates work that ends when the test says so, and records its signals. */
function setUp() {
  const flights = new SingleFlight<string, object>();
  const runs: (PromiseWithResolvers<object> & { readonly signal: AbortSignal })[] = [];
  const work = (signal: AbortSignal): Promise<object> => {
    const run = { ...Promise.withResolvers<object>(), signal };
    runs.push(run);
    return run.promise;
  };
  return { flights, runs, work };
}

test("SingleFlight.run() shares one execution and its value itself among concurrent callers", async () => {
  const { flights, runs, work } = setUp();
  const { signal } = new AbortController();
  const callers = [flights.run("a", work), flights.run("a", work, { signal }), flights.run("a", work)];
  assertEquals([runs.length, flights.size], [1, 1]);
  const value = {};
  runs[0]!.resolve(value);
  for (const given of await Promise.all(callers)) assertStrictEquals(given, value);
  assertEquals([flights.size, runs[0]!.signal.aborted], [0, false]);
});

test("SingleFlight.run() keeps keys apart", async () => {
  const { flights, runs, work } = setUp();
  const callers = [flights.run("a", work), flights.run("b", work)];
  assertEquals([runs.length, flights.size], [2, 2]);
  const values = [{ a: 1 }, { b: 2 }];
  for (const [index, run] of runs.entries()) run.resolve(values[index]!);
  assertEquals(await Promise.all(callers), values);
});

test("SingleFlight.run() starts anew once an execution has settled", async () => {
  const { flights, runs, work } = setUp();
  const first = flights.run("a", work);
  runs[0]!.resolve({});
  await first;
  watch(flights.run("a", work));
  assertEquals(runs.length, 2);
});

test("SingleFlight.run() shares a failure with all waiting callers, and does not remember it", async () => {
  const { flights, runs, work } = setUp();
  const failure = new Error("down");
  const { signal } = new AbortController();
  const callers = [flights.run("a", work), flights.run("a", work, { signal })].map(rejection);
  runs[0]!.reject(failure);
  for (const error of await Promise.all(callers)) assertStrictEquals(error, failure);
  assertEquals(flights.size, 0);

  const next = flights.run("a", work);
  runs[1]!.resolve({});
  assertEquals(await next, {});
});

test("SingleFlight.run() rejects with the error that a function throws, and accepts a value that is no promise", async () => {
  const flights = new SingleFlight<string, number>();
  const failure = new Error("at once");
  const fail = (): number => {
    throw failure;
  };
  assertStrictEquals(await rejection(flights.run("a", fail)), failure);
  assertEquals([await flights.run("a", () => 5), flights.size], [5, 0]);
});

test("SingleFlight.run() lets one caller leave at once by its signal, while the others go on", async () => {
  const { flights, runs, work } = setUp();
  const controller = new AbortController();
  const reason = { my: "reason" };
  const left = watch(flights.run("a", work, { signal: controller.signal }));
  const others = [flights.run("a", work), flights.run("a", work, { signal: new AbortController().signal })];
  controller.abort(reason);
  await eventLoopTurn();
  assertEquals([left.state, left.error === reason], ["rejected", true]);
  assertEquals([runs[0]!.signal.aborted, flights.size], [false, 1]);
  const value = {};
  runs[0]!.resolve(value);
  for (const given of await Promise.all(others)) assertStrictEquals(given, value);
});

test("SingleFlight.run() aborts the work with the reason of the last caller that leaves", async () => {
  const { flights, runs, work } = setUp();
  const controllers = [new AbortController(), new AbortController()];
  const callers = controllers.map(({ signal }) => rejection(flights.run("a", work, { signal })));
  controllers[1]!.abort("first to leave");
  assertEquals(runs[0]!.signal.aborted, false);
  controllers[0]!.abort("last to leave");
  assertEquals([runs[0]!.signal.aborted, runs[0]!.signal.reason], [true, "last to leave"]);
  assertEquals(await Promise.all(callers), ["last to leave", "first to leave"]);
});

test("SingleFlight.run() aborts the work when one signal removes all callers", async () => {
  const { flights, runs, work } = setUp();
  const controller = new AbortController();
  const listeners = countAbortListeners(controller.signal);
  const options = { signal: controller.signal };
  const callers = [flights.run("a", work, options), flights.run("a", work, options)].map(rejection);
  assertEquals(listeners, { now: 1, most: 1 });
  controller.abort("enough");
  assertEquals([runs[0]!.signal.reason, listeners.now], ["enough", 0]);
  assertEquals(await Promise.all(callers), ["enough", "enough"]);
});

test("SingleFlight.run() lets no caller join an execution that all callers have left", async () => {
  const { flights, runs, work } = setUp();
  const controller = new AbortController();
  const left = rejection(flights.run("a", work, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await left, "enough");
  const next = flights.run("a", work);
  assertEquals([runs.length, flights.size], [2, 1]);
  runs[0]!.reject(new Error("nobody cares"));
  await eventLoopTurn();
  assertEquals(flights.size, 1);
  runs[1]!.resolve({ second: true });
  assertEquals(await next, { second: true });
});

test("SingleFlight.run() starts nothing for a caller whose signal was aborted before", async () => {
  const { flights, runs, work } = setUp();
  const reason = { my: "reason" };
  const options = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await rejection(flights.run("a", work, options)), reason);
  assertEquals([runs.length, flights.size], [0, 0]);

  const controller = new AbortController();
  const waiting = rejection(flights.run("a", work, { signal: controller.signal }));
  assertStrictEquals(await rejection(flights.run("a", work, options)), reason);
  controller.abort("enough");
  assertEquals([await waiting, runs[0]!.signal.aborted], ["enough", true]);
});

test("SingleFlight.run() leaves no listener on the signals of its callers", async () => {
  const { flights, runs, work } = setUp();
  const signals = [new AbortController().signal, new AbortController().signal];
  const listeners = signals.map(countAbortListeners);
  for (const settle of ["resolve", "reject"] as const) {
    const callers = signals.map((signal) => flights.run("a", work, { signal }));
    assertEquals(listeners.map(({ now }) => now), [1, 1]);
    runs.at(-1)![settle]({});
    await Promise.allSettled(callers);
    assertEquals(listeners.map(({ now }) => now), [0, 0]);
  }
});

test("SingleFlight.run() counts a caller without a signal as one that stays", async () => {
  const { flights, runs, work } = setUp();
  const controller = new AbortController();
  const stays = flights.run("a", work);
  const left = rejection(flights.run("a", work, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals([await left, runs[0]!.signal.aborted], ["enough", false]);
  runs[0]!.resolve({});
  assertEquals(await stays, {});
});

test("SingleFlight.run() removes a caller whose signal the work itself aborts as it starts", async () => {
  // No caller is left that could handle the failure of the work.
  for (const work of [() => new Promise<object>(() => {}), () => Promise.reject(new Error("failed"))]) {
    const flights = new SingleFlight<string, object>();
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const caller = watch(
      flights.run("a", (signal) => {
        inner = signal;
        controller.abort("as it starts");
        return work();
      }, { signal: controller.signal }),
    );
    await eventLoopTurn();
    assertEquals([caller.state, caller.error], ["rejected", "as it starts"]);
    assert(inner?.aborted);
    assertEquals(flights.size, 0);
  }
});

test("SingleFlight.run() refuses a bad function or signal, and starts or joins nothing", async () => {
  const { flights, runs, work } = setUp();
  for (const isInFlight of [false, true]) {
    if (isInFlight) watch(flights.run("a", work));
    for (const fn of [undefined, null, {}, "work"] as unknown[] as (typeof work)[]) {
      await assertRejects(() => flights.run("a", fn), TypeError, "'fn' must be a function");
    }
    for (const signal of NO_SIGNALS) {
      await assertRejects(() => flights.run("a", work, { signal }), TypeError, "'signal'");
    }
    assertEquals([runs.length, flights.size], isInFlight ? [1, 1] : [0, 0]);
  }
});

test("SingleFlight.run() lets callers join that come while the work is being called", async () => {
  const flights = new SingleFlight<string, object>();
  const controller = new AbortController();
  const reason = new Error("enough");
  const joined: Promise<object>[] = [];
  let calls = 0;
  const work = async (): Promise<object> => {
    calls++;
    const others = [{}, { signal: controller.signal }, { signal: new AbortController().signal }];
    joined.push(...others.map((options) => flights.run("a", work, options)));
    assertEquals([calls, flights.size], [1, 1]);
    await eventLoopTurn();
    return { calls };
  };
  const first = flights.run("a", work);
  const left = rejection(joined[1]!);
  controller.abort(reason);

  assertStrictEquals(await left, reason);
  for (const given of [joined[0]!, joined[2]!]) assertStrictEquals(await given, await first);
  assertEquals([calls, flights.size], [1, 0]);
});

test("SingleFlight.run() goes on for the first caller when one leaves that came while the work was being called", async () => {
  const flights = new SingleFlight<string, boolean>();
  const controller = new AbortController();
  const reason = new Error("enough");
  const left: Promise<unknown>[] = [];
  const work = async (signal: AbortSignal): Promise<boolean> => {
    left.push(rejection(flights.run("a", work, { signal: controller.signal })));
    controller.abort(reason);
    await eventLoopTurn();
    return signal.aborted;
  };
  assertEquals(await flights.run("a", work), false);
  assertStrictEquals(await left[0], reason);
  assertEquals([left.length, flights.size], [1, 0]);
});

test("SingleFlight.run() shares an error that the work throws with callers that the work itself has caused", async () => {
  const flights = new SingleFlight<string, object>();
  const failure = new Error("at once");
  const caused: Promise<unknown>[] = [];
  const fail = (): never => {
    caused.push(rejection(flights.run("a", fail)));
    throw failure;
  };
  assertStrictEquals(await rejection(flights.run("a", fail)), failure);
  assertStrictEquals(await caused[0], failure);
  assertEquals([caused.length, flights.size], [1, 0]);
});

// Bun's test runner fails a test with such a report, whoever listens.
if (runtime === "deno") {
  test("SingleFlight.run() lets the runtime report a failure that no caller handles, and no other", async () => {
    const { flights, runs, work } = setUp();
    const reported: unknown[] = [];
    const report = (event: PromiseRejectionEvent): void => {
      event.preventDefault();
      reported.push(event.reason);
    };
    globalThis.addEventListener("unhandledrejection", report);
    try {
      flights.run("ignored", work);
      const handled = [flights.run("handled", work), flights.run("handled", work)].map(rejection);
      const { signal } = new AbortController();
      const thrown = rejection(flights.run("thrown", () => Promise.reject(new Error("thrown")), { signal }));
      const leaving = new AbortController();
      const left = rejection(flights.run("left", work, { signal: leaving.signal }));
      leaving.abort();
      const failures = runs.map((_, index) => new Error(`down ${index}`));
      for (const [index, run] of runs.entries()) run.reject(failures[index]);
      await Promise.all([...handled, thrown, left]);
      await eventLoopTurn();

      assertEquals(reported, failures.slice(0, 1));
    } finally {
      globalThis.removeEventListener("unhandledrejection", report);
    }
  });
}

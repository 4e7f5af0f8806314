import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { CdnRecorder, type OpenLogEntry } from "../../src/testing/cdn_log.ts";
import { type BodyStep, CdnExchange } from "../../src/testing/cdn_exchange.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { ResponsePlan } from "../../src/testing/response_plan.ts";
import { test } from "../support/test.ts";

function newEntry(): OpenLogEntry {
  return {
    mirror: "cdn",
    method: "GET",
    url: "/",
    path: "/",
    headers: {},
    body: "",
    atMs: 0,
    nth: 1,
    latencyMs: 0,
    fault: undefined,
    status: undefined,
    bytesSent: 0,
    outcome: "open",
    endedAtMs: undefined,
  };
}

function setUp() {
  const clock = new ManualClock();
  const log = new CdnRecorder("full");
  const open = new Set<CdnExchange>();
  const exchange = new CdnExchange(newEntry(), undefined, { clock, startedAt: 0, open }, [log]);
  return { clock, log, open, exchange };
}

function plan(changes: Partial<ResponsePlan> = {}): ResponsePlan {
  return {
    status: 200,
    headers: {},
    framing: "length",
    isBodiless: false,
    body: new Uint8Array(1_000),
    ending: "complete",
    bytesPerSecond: Infinity,
    ...changes,
  };
}

const size = (step: BodyStep) => typeof step === "string" ? step : step.length;

test("CdnExchange.nextStep() gives a body at once when nothing holds it back", () => {
  const { exchange, log } = setUp();
  exchange.answer(plan());

  assertEquals(size(exchange.nextStep() as BodyStep), 1_000);
  assertEquals(exchange.isBodyComplete, true);
  assertEquals(exchange.nextStep(), "complete");
  assertEquals([log.bytesSent, exchange.entry.bytesSent], [1_000, 1_000]);
});

test("CdnExchange.nextStep() sends no faster than the bandwidth, whatever the reader does", async () => {
  const { exchange, clock } = setUp();
  exchange.answer(plan({ bytesPerSecond: 1_000 }));
  const sizes: (number | string)[] = [];
  for (
    let step = await clock.run(later(exchange));
    step !== "complete";
    step = await clock.run(later(exchange))
  ) {
    sizes.push(size(step));
    assertEquals(clock.now(), exchange.entry.bytesSent);
  }

  assertEquals(sizes.length, 50);
  assertEquals(clock.now(), 1_000);
});

test("CdnExchange.nextStep() catches up after a reader that was late", async () => {
  const { exchange, clock } = setUp();
  exchange.answer(plan({ bytesPerSecond: 1_000 }));
  await clock.advance(500);
  let steps = 0;
  for (; !(exchange.nextStep() instanceof Promise); steps++);

  assertEquals([steps, exchange.entry.bytesSent], [25, 500]);
  exchange.end("aborted");
});

test("CdnExchange.nextStep() cuts, and stalls until it is cancelled", async () => {
  const cut = setUp().exchange;
  cut.answer(plan({ ending: "cut", body: new Uint8Array(0) }));
  assertEquals([cut.nextStep(), cut.isBodyComplete], ["cut", false]);

  const { exchange } = setUp();
  exchange.answer(plan({ ending: "stall", body: new Uint8Array(0) }));
  const reason = new Error("enough");
  const stalled = Promise.resolve(exchange.nextStep()).catch((error) => error);
  exchange.cancel(reason);
  assertStrictEquals(await stalled, reason);
});

test("CdnExchange.cancel() ends every kind of wait with its reason, and leaves no timer", async () => {
  for (
    const wait of [
      (exchange: CdnExchange) => exchange.wait(1_000),
      (exchange: CdnExchange) => exchange.stall(),
      (exchange: CdnExchange) => exchange.until(new Promise(() => {})),
    ]
  ) {
    const { exchange, clock, log, open } = setUp();
    const told: unknown[] = [];
    exchange.onCancel = (reason) => told.push(reason);
    exchange.onEnd = () => told.push("end");
    const waited = wait(exchange).catch((error: unknown) => error);
    const reason = { why: "left" };
    exchange.cancel(reason);
    exchange.cancel("again");

    assertStrictEquals(await waited, reason);
    assertEquals(told, ["end", reason]);
    assertEquals([clock.pending, open.size, log.openRequests, log.outcomes.aborted], [0, 0, 0, 1]);
  }
});

test("CdnExchange.until() passes on the result of the promise", async () => {
  const { exchange } = setUp();

  assertEquals(await exchange.until(Promise.resolve(1)), 1);
  await assertRejects(() => exchange.until(Promise.reject(new Error("own"))), Error, "own");
});

test("CdnExchange.end() counts once, and records the time", async () => {
  const { exchange, clock, log } = setUp();
  exchange.answer(plan());
  await clock.advance(7);
  exchange.end("complete");
  exchange.end("reset");
  exchange.cancel("late");

  assertEquals([exchange.entry.outcome, exchange.entry.endedAtMs], ["complete", 7]);
  assertEquals([log.openRequests, log.openBodies, log.outcomes.complete], [0, 0, 1]);
});

async function later(exchange: CdnExchange): Promise<BodyStep> {
  return await exchange.nextStep();
}

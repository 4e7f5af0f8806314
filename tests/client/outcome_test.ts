import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { type Outcome, outcomeOf, OutcomeSink, refusal, toError } from "../../src/client/outcome.ts";
import { SlipstreamError } from "../../mod.ts";
import { join } from "../../src/policies/single_flight.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { foreignError } from "../support/foreign_error.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/a.json";

test("toError() returns an error as it is, and makes one of any other reason", () => {
  const timeout = new DOMException("The signal timed out.", "TimeoutError");
  // An error of another realm is what a test in Jest gets from the runtime.
  for (const error of [new RangeError("mine"), timeout, foreignError("new RangeError('theirs')")]) {
    assertStrictEquals(toError(error), error);
  }
  for (const reason of ["enough", { my: "reason" }, undefined, null, 7]) {
    const made = toError(reason);
    assertInstanceOf(made, SlipstreamError);
    assertStrictEquals(made.cause, reason);
  }
  assertEquals(toError("enough").message, "The request was given up: enough");
});

test("refusal() is the outcome of a request that was never sent", () => {
  const error = new TypeError("malformed");
  const request = { url: URL_A };
  const outcome = refusal(request, 7, error);
  assertEquals(outcome, { ok: false, index: 7, request, error, attempts: 0, durationMs: 0 });
  assertStrictEquals(outcome.request, request);
});

test("a failure as JSON names any error and what it says, and has no further member", () => {
  const aborted = AbortSignal.abort().reason as DOMException;
  const mine = new RangeError("mine", { cause: new Error("below") });
  const request = { url: URL_A };
  for (const error of [new TypeError("malformed"), aborted, mine, new SlipstreamError("own")]) {
    const call = Object.assign(fakeCall(), { attempts: 1, durationMs: 5 });
    const ended = outcomeOf(call, 2, request, { ok: false, value: error });
    for (const outcome of [refusal(request, 7, error), ended]) {
      assertEquals(Object.keys(outcome), ["ok", "index", "request", "error", "attempts", "durationMs"]);
      const { error: told, ...others } = JSON.parse(JSON.stringify(outcome));
      assertEquals([told.name, told.message], [error.name, error.message]);
      assertEquals({ ...others, error }, { ...outcome });
    }
  }
  assertEquals(JSON.parse(JSON.stringify(refusal(request, 0, mine))).error.cause.message, "below");
});

const HEAD = { status: 203, headers: new Headers({ etag: '"1"' }), url: "https://b.test/" };

test("outcomeOf() has the value, the numbers and the head of the response", () => {
  for (const from of ["network", "cache", "stale", "shared"] as const) {
    const call = Object.assign(fakeCall(), { from, attempts: 2, durationMs: 30, index: 5, head: HEAD });
    const outcome = outcomeOf(call, 3, URL_A, { ok: true, value: { a: 1 } });
    assert(outcome.ok);
    assertEquals({ ...outcome }, {
      ok: true,
      index: 3,
      request: URL_A,
      value: { a: 1 },
      status: 203,
      headers: HEAD.headers,
      url: "https://b.test/",
      from,
      attempts: 2,
      durationMs: 30,
    });
  }
});

test("outcomeOf() gives each caller that shares a response headers of its own", () => {
  const leader = Object.assign(fakeCall(), { head: HEAD });
  const follower = Object.assign(fakeCall(), { head: HEAD });
  join(follower, leader);
  const headers = [leader, follower].map((call) => {
    const outcome = outcomeOf(call, 0, URL_A, { ok: true, value: 1 });
    assert(outcome.ok);
    return outcome.headers;
  });
  for (const own of headers) {
    assertEquals([...own], [["etag", '"1"']]);
    assertNotStrictEquals(own, HEAD.headers);
  }
  assertNotStrictEquals(headers[0], headers[1]);
});

test("OutcomeSink answers with the outcome, whether it has a value or an error", () => {
  const outcomes: Outcome<unknown>[] = [];
  const sink = new OutcomeSink(URL_A, (outcome) => outcomes.push(outcome));
  sink.onSettled(Object.assign(fakeCall(), { head: HEAD }), true, 1);
  sink.onSettled(Object.assign(fakeCall(), { attempts: 1, durationMs: 3 }), false, "enough");

  const [good, bad] = outcomes;
  assert(good?.ok && bad !== undefined && !bad.ok);
  assertEquals([good.index, good.request, good.value], [0, URL_A, 1]);
  assertInstanceOf(bad.error, SlipstreamError);
  assertEquals(
    { ...bad, error: undefined },
    { ok: false, index: 0, request: URL_A, error: undefined, attempts: 1, durationMs: 3 },
  );
});

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { OutcomeSink, type OutcomeWithHead, refusal, toError } from "../../src/client/outcome.ts";
import { SlipstreamError } from "../../mod.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/a.json";

test("toError() gives an error back as it is, and makes one of any other reason", () => {
  const error = new RangeError("mine");
  assertStrictEquals(toError(error), error);
  for (const reason of ["enough", { my: "reason" }, undefined, null, 7]) {
    const made = toError(reason);
    assertInstanceOf(made, SlipstreamError);
    assertStrictEquals(made.cause, reason);
  }
  assertEquals(toError("enough").message, "The request was aborted: enough");
});

test("refusal() is the outcome of a request that was never sent", () => {
  const error = new TypeError("malformed");
  const request = { url: URL_A };
  const outcome = refusal(request, 7, error);
  assertEquals(outcome, { ok: false, index: 7, request, error, attempts: 0, durationMs: 0 });
  assertStrictEquals(outcome.request, request);
});

test("OutcomeSink answers with the value and the head of the response", () => {
  const outcomes: OutcomeWithHead<unknown>[] = [];
  const sink = new OutcomeSink(URL_A, (outcome) => outcomes.push(outcome));
  const headers = new Headers({ etag: '"1"' });
  const call = Object.assign(fakeCall(), { from: "cache", attempts: 2, durationMs: 30, index: 5 });
  sink.onHead({ status: 203, headers, url: "https://b.test/" });
  assertEquals(outcomes, []);
  sink.onSettled(call, true, { a: 1 });

  const [outcome] = outcomes;
  assert(outcome?.ok);
  const { headers: own, ...rest } = outcome;
  assertEquals(rest, {
    ok: true,
    index: 0,
    request: URL_A,
    value: { a: 1 },
    status: 203,
    url: "https://b.test/",
    from: "cache",
    attempts: 2,
    durationMs: 30,
  });
  assertEquals([...own], [["etag", '"1"']]);
  assertNotStrictEquals(own, headers);
});

test("OutcomeSink answers with the error, whatever head there was", () => {
  const outcomes: OutcomeWithHead<unknown>[] = [];
  const sink = new OutcomeSink(URL_A, (outcome) => outcomes.push(outcome));
  sink.onHead({ status: 200, headers: new Headers(), url: "" });
  sink.onSettled(Object.assign(fakeCall(), { attempts: 1, durationMs: 3 }), false, "enough");

  const [outcome] = outcomes;
  assert(outcome !== undefined && !outcome.ok);
  assertInstanceOf(outcome.error, SlipstreamError);
  assertEquals(
    { ...outcome, error: undefined },
    { ok: false, index: 0, request: URL_A, error: undefined, attempts: 1, durationMs: 3 },
  );
});

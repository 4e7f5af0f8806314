import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Admission } from "../../src/lanes/admission.ts";
import { type Hedging, hedgingOf, mayBeHedged } from "../../src/policies/hedging.ts";
import { test } from "../support/test.ts";
import { fakeCall, type FakeCallOptions } from "./fake_call.ts";

test("mayBeHedged() allows requests that change nothing and can be sent twice", () => {
  const cases: readonly [FakeCallOptions, boolean][] = [
    [{}, true],
    [{ request: {} }, true],
    [{ request: { method: "HEAD" } }, true],
    [{ request: { method: "QUERY" } }, true],
    [{ request: { method: "OPTIONS" } }, true],
    [{ request: { method: "POST" } }, false],
    [{ request: { method: "PUT" } }, false],
    [{ request: { method: "DELETE" } }, false],
    [{ request: { method: "POST" }, settings: { idempotent: true } }, false],
    [{ request: { repeatable: false } }, false],
    [{ settings: { idempotent: false } }, false],
    [{ settings: { hedge: false } }, false],
    [{ isBackground: true }, false],
  ];
  for (const [options, expected] of cases) {
    assertEquals(mayBeHedged(fakeCall(options)), expected, JSON.stringify(options));
  }
});

test("hedgingOf() leaves probes alone, and calls that have ended", () => {
  const loaded: Hedging<unknown> = { race: () => Promise.resolve([]) };
  const hedging = { loaded };
  const admission = { isProbe: false } as Admission;
  const call = fakeCall();

  assertStrictEquals(hedgingOf({ hedging }, call, admission), loaded);
  assertEquals(hedgingOf({ hedging: undefined }, call, admission), undefined);
  assertEquals(hedgingOf({ hedging: { loaded: undefined } }, call, admission), undefined);
  assertEquals(hedgingOf({ hedging }, call, { isProbe: true } as Admission), undefined);
  assertEquals(hedgingOf({ hedging }, fakeCall({ settings: { hedge: false } }), admission), undefined);
  call.journey.opening = { admission, error: new Error("ended") };
  assertEquals(hedgingOf({ hedging }, call, undefined), undefined);
  call.journey.opening = { admission, answer: Promise.resolve(new Response()) };
  assertStrictEquals(hedgingOf({ hedging }, call, undefined), loaded);
});

import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { join } from "../../src/policies/single_flight.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";

test("Journey is created once for each call, and begins with the first round", () => {
  const [call, other] = [fakeCall(), fakeCall()];
  const { journey } = call;
  journey.round++;
  journey.target = fakeTarget();

  assertStrictEquals(call.journey, journey);
  assertNotStrictEquals(other.journey, journey);
  assertEquals([call.journey.round, other.journey.round], [2, 1]);
  assertEquals([call.target?.url, other.target?.url], [journey.target.url, undefined]);
});

test("Call.deadlineAtMs is the latest deadline of the callers that wait for it", () => {
  const callFor = (totalTimeoutMs: number) =>
    Object.assign(fakeCall({ settings: { totalTimeoutMs } }), { startedAtMs: 10 });
  const [leader, patient, hasty] = [callFor(50), callFor(200), callFor(20)];
  assertEquals([leader.deadlineAtMs, fakeCall().deadlineAtMs], [60, Infinity]);

  join(patient, leader);
  join(hasty, leader);

  assertEquals([leader.deadlineAtMs, patient.deadlineAtMs, hasty.deadlineAtMs], [210, 210, 30]);
});

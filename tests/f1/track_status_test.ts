import { assertEquals } from "@std/assert";
import { trackStatusOf } from "../../src/f1/track_status.ts";
import { test } from "../support/test.ts";

function statusOf(lap: readonly number[], status?: readonly (string | null)[]) {
  return { lap, time: lap.map(() => 90), compound: lap.map(() => null), status };
}

test("trackStatusOf() returns all states that any driver had during a lap, in order", () => {
  const laps = {
    VER: statusOf([1, 2, 3], ["1", "12", "41"]),
    NOR: statusOf([1, 3], ["12", "6"]),
    DNS: statusOf([]),
  };
  assertEquals(trackStatusOf(laps), [
    { lap: 1, status: "12", states: ["green", "yellow"] },
    { lap: 2, status: "12", states: ["green", "yellow"] },
    { lap: 3, status: "146", states: ["green", "safety-car", "virtual-safety-car"] },
  ]);
});

test("trackStatusOf() omits unknown states", () => {
  assertEquals(trackStatusOf({ VER: statusOf([1, 2, 3], ["3", null, "None"]) }), [
    { lap: 1, status: "3", states: [] },
  ]);
  assertEquals(trackStatusOf({ VER: statusOf([1, 2]) }), []);
});

test("trackStatusOf() accepts the numbers of an unchecked payload", () => {
  assertEquals(trackStatusOf({ VER: statusOf([1, 2], [12, undefined] as never) }), [
    { lap: 1, status: "12", states: ["green", "yellow"] },
  ]);
});

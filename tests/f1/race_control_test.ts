import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type RaceControl, raceControlSchema } from "../../src/f1/race_control.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

const MESSAGES: Readonly<Record<string, unknown>> = {
  time: ["2025-12-07T12:20:00.000000000", "2025-12-07T12:51:46.000000000"],
  cat: ["Flag", "Flag"],
  msg: ["GREEN LIGHT - PIT EXIT OPEN", "DOUBLE YELLOW IN TRACK SECTOR 14"],
  status: ["None", "None"],
  flag: ["GREEN", "DOUBLE YELLOW"],
  scope: ["Track", "Sector"],
  sector: ["None", 14.0],
  dNum: ["None", "30"],
};

test('raceControlSchema turns "None" into null', () => {
  const messages = v.parse(raceControlSchema, MESSAGES);
  assertEquals<unknown>(messages, {
    ...MESSAGES,
    status: [null, null],
    sector: [null, 14],
    dNum: [null, "30"],
  });
  assertType<Equal<typeof messages, RaceControl>>();
});

test("raceControlSchema checks the lap of a message that has one", () => {
  assertEquals(v.parse(raceControlSchema, { ...MESSAGES, lap: [1, "None"] }).lap, [1, null]);
  assertEquals(v.is(raceControlSchema, { ...MESSAGES, lap: [1] }), false);
});

test("raceControlSchema refuses a message without a time", () => {
  assertEquals(
    v.is(raceControlSchema, { ...MESSAGES, time: ["None", "2025-12-07T12:51:46.000000000"] }),
    false,
  );
});

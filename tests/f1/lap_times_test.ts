import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { type LapTimes, lapTimesSchema } from "../../src/f1/lap_times.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

const LAPS: Readonly<Record<string, unknown>> = {
  time: ["None", 92.07],
  lap: [1.0, 2.0],
  compound: ["MEDIUM", "None"],
  stint: [1, 1],
  s1: ["None", 18.838],
  s2: [39.913, "None"],
  s3: [36.612, 35],
  life: [1, "None"],
  pos: ["None", 20],
  status: ["1", "12"],
  pb: [false, true],
};

test('lapTimesSchema turns "None" into null in times, sectors and positions', () => {
  const laps = v.parse(lapTimesSchema, LAPS);
  assertEquals<unknown>(laps, {
    ...LAPS,
    time: [null, 92.07],
    compound: ["MEDIUM", null],
    s1: [null, 18.838],
    s2: [39.913, null],
    life: [1, null],
    pos: [null, 20],
  });
  assertType<Equal<typeof laps, LapTimes>>();
  assertType<Equal<typeof laps.time, readonly (number | null)[]>>();
  assertType<Equal<typeof laps.lap, readonly number[]>>();
});

test("lapTimesSchema checks the columns of newer files", () => {
  const laps = v.parse(lapTimesSchema, {
    ...LAPS,
    pout: [836.8, "None"],
    delR: ["None", "TRACK LIMITS"],
    del: [false, true],
  });
  assertEquals(laps.pout, [836.8, null]);
  assertEquals(laps.delR, [null, "TRACK LIMITS"]);
  const result = v.safeParse(lapTimesSchema, { ...LAPS, pout: [836.8] });
  assert(!result.success);
  assertEquals(result.issues.map((issue) => v.getDotPath(issue)), ["pout"]);
});

test("lapTimesSchema checks the weather and the mini-sectors of laps", () => {
  const laps = v.parse(lapTimesSchema, {
    ...LAPS,
    ms2: ["1111133311", "None"],
    wTT: ["nan", 39.2],
    wR: ["None", true],
  });
  assertEquals([laps.ms2, laps.wTT, laps.wR], [["1111133311", null], [null, 39.2], [null, true]]);
  for (const wrong of [{ wR: [0, 1] }, { wAT: ["hot", 25] }, { ms1: [true, false] }, { wWS: 3 }]) {
    assertEquals(v.is(lapTimesSchema, { ...LAPS, ...wrong }), false);
  }
});

test("lapTimesSchema keeps unknown columns", () => {
  assertEquals(v.parse(lapTimesSchema, { ...LAPS, mystery: ["None"] })["mystery"], ["None"]);
});

test("lapTimesSchema names the column whose length differs", () => {
  const result = v.safeParse(lapTimesSchema, { ...LAPS, s2: [39.913] });
  assert(!result.success);
  assertEquals(result.issues.map(({ message }) => message), ["Column 's2' has 1 values where others have 2"]);
});

test("lapTimesSchema refuses a lap without a number", () => {
  assertEquals(v.is(lapTimesSchema, { ...LAPS, lap: [1, "None"] }), false);
});

test("lapTimesSchema accepts the three columns of the oldest seasons, and types the others as absent", () => {
  const laps = v.parse(lapTimesSchema, {
    time: [95.69, 81.235],
    lap: [1, 2],
    compound: ["nan", "ULTRASOFT"],
  });
  assertEquals<unknown>(laps, { time: [95.69, 81.235], lap: [1, 2], compound: [null, "ULTRASOFT"] });
  assertEquals(laps.pos?.[0], undefined);
  assertType<Equal<typeof laps.pos, readonly (number | null)[] | undefined>>();
  assertType<Equal<typeof laps.compound, readonly (string | null)[]>>();
});

test("lapTimesSchema requires the times, numbers and compounds of laps", () => {
  for (const column of ["time", "lap", "compound"]) {
    const result = v.safeParse(lapTimesSchema, { ...LAPS, [column]: undefined });
    assert(!result.success);
    assertEquals(result.issues.map(({ message }) => message), [`Column '${column}' is missing`]);
  }
});

test("lapTimesSchema reads numbers that are written as texts", () => {
  const laps = v.parse(lapTimesSchema, {
    ...LAPS,
    time: ["None", "92.07"],
    lap: ["1.0", "2"],
    pos: [" 3 ", "1e1"],
  });
  assertEquals([laps.time, laps.lap, laps.pos], [[null, 92.07], [1, 2], [3, 10]]);
});

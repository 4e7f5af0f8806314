import { assertEquals } from "@std/assert";
import type { LapTimes } from "../../src/f1/lap_times.ts";
import { isRace, resultsOf, totalLapsOf } from "../../src/f1/results.ts";
import { test } from "../support/test.ts";
import { driversOf } from "./fake_files.ts";

const DRIVERS = driversOf("AAA", "BBB", "CCC", "DDD").drivers;

function lapsOf(times: readonly (number | null)[], columns: Partial<LapTimes> = {}): LapTimes {
  const lap = times.map((_time, index) => index + 1);
  return { time: times, lap, compound: times.map(() => "SOFT"), ...columns };
}

function orderOf(laps: Readonly<Record<string, LapTimes>>, race: boolean): [number | null, string][] {
  return resultsOf(DRIVERS, laps, race).map(({ position, driver }) => [position, driver.driver]);
}

test("resultsOf() orders a race by laps, then by the last position", () => {
  const laps = {
    AAA: lapsOf([90, 90], { pos: [1, 1] }),
    BBB: lapsOf([null, 95, 95], { pos: [3, 2, 2] }),
    CCC: lapsOf([null, 95, 96], { pos: [2, 3, 1] }),
  };
  assertEquals(orderOf(laps, true), [[1, "CCC"], [2, "BBB"], [3, "AAA"], [null, "DDD"]]);
});

test("resultsOf() orders a race without positions by its total time", () => {
  const laps = { AAA: lapsOf([92, 92]), BBB: lapsOf([91, 92]), CCC: lapsOf([null, 80]), DDD: lapsOf([80]) };
  assertEquals(orderOf(laps, true), [[1, "BBB"], [2, "AAA"], [3, "CCC"], [4, "DDD"]]);
});

test("resultsOf() leaves laps out of the total time that nobody has a time for", () => {
  const laps = {
    AAA: lapsOf([92, null, 92]),
    BBB: lapsOf([91, null, 92]),
    // CCC lacks a time that the others have; DDD lacks only the row of the lap without times.
    CCC: lapsOf([91, null, null]),
    DDD: { lap: [1, 3], time: [90, 92], compound: ["SOFT", "SOFT"] },
  };
  assertEquals(orderOf(laps, true), [[1, "DDD"], [2, "BBB"], [3, "AAA"], [4, "CCC"]]);
});

test("resultsOf() puts no driver ahead because a lap is missing", () => {
  const laps = {
    AAA: { lap: [1, 3], time: [95, 95], compound: ["SOFT", "SOFT"] },
    BBB: lapsOf([91, 92, 91]),
    CCC: lapsOf([90, 92, 91]),
  };
  assertEquals(orderOf(laps, true).slice(0, 3), [[1, "CCC"], [2, "BBB"], [3, "AAA"]]);
});

test("resultsOf() orders other sessions by the fastest valid lap", () => {
  const laps = {
    AAA: lapsOf([92, 90], { del: [false, true] }),
    BBB: lapsOf([null]),
    CCC: lapsOf([null, 91]),
    DDD: lapsOf([91.5]),
  };
  assertEquals(orderOf(laps, false), [[1, "CCC"], [2, "DDD"], [3, "AAA"], [null, "BBB"]]);
});

test("resultsOf() puts drivers ahead who reached a later part of qualifying", () => {
  const laps = {
    AAA: lapsOf([89], { qs: ["Q1"] }),
    BBB: lapsOf([92, 91, 90.5], { qs: ["Q1", "Q2", "Q3"] }),
    CCC: lapsOf([93, 92, null], { qs: ["Q1", "Q2", "Q3"] }),
    DDD: lapsOf([91, 90, 90.2], { qs: ["Q1", "Q2", "Q3"] }),
  };
  assertEquals(orderOf(laps, false), [[1, "DDD"], [2, "BBB"], [3, "CCC"], [4, "AAA"]]);
});

test("resultsOf() puts the driver ahead who set an equal time first", () => {
  const qs = ["Q2", "Q3"];
  const laps = {
    AAA: lapsOf([72, 72], { qs, sesT: [2_000, 3_300] }),
    BBB: lapsOf([72.5, 72], { qs, sesT: [2_050, 3_200] }),
    CCC: lapsOf([72.25], { qs: ["Q2"], sesT: [2_200] }),
    DDD: lapsOf([72.25], { qs: ["Q2"], sesT: [2_100] }),
  };
  assertEquals(orderOf(laps, false), [[1, "BBB"], [2, "AAA"], [3, "DDD"], [4, "CCC"]]);
});

test("resultsOf() reads hostile parts of qualifying in linear time, however many there are", () => {
  const qs = Array.from({ length: 200_000 }, () => "Q1");
  const laps = { AAA: lapsOf([89], { qs: [`Q${"1".repeat(500_000)}!`] }), BBB: lapsOf([90], { qs }) };
  assertEquals(orderOf(laps, false).slice(0, 2), [[1, "BBB"], [2, "AAA"]]);
});

test("resultsOf() goes by the fastest lap in a part of qualifying, even if that was no personal best", () => {
  const qs = ["Q2", "Q3", "Q3"];
  const laps = {
    AAA: lapsOf([90, 91, 90.5], { qs, pb: [true, false, false] }),
    BBB: lapsOf([92, 90.75, 89], { qs, pb: [true, true, false] }),
    CCC: lapsOf([92, 91, 90.25], { qs, pb: [true, true, true] }),
  };
  assertEquals(orderOf(laps, false), [[1, "CCC"], [2, "AAA"], [3, "BBB"], [null, "DDD"]]);
});

test("resultsOf() gives the number of laps, and the fastest one", () => {
  const [first, last] = resultsOf(DRIVERS.slice(0, 2), { AAA: lapsOf([92, 91, null]) }, true);
  assertEquals([first?.laps, first?.fastestLap], [3, { driver: "AAA", lap: 2, time: 91 }]);
  assertEquals(last, { position: null, driver: DRIVERS[1]!, laps: 0, fastestLap: null });
});

test("resultsOf() does not count the lap of a race that was not completed, and goes by the positions before it", () => {
  // AAA crashed in the last lap and BBB in the first one, CCC was lapped, and DDD stopped in the pits before AAA crashed.
  const laps = {
    AAA: lapsOf([95, 90, 90, null], { pos: [2, 2, 2, null] }),
    BBB: lapsOf([null], { pos: [null], ff1G: [true] }),
    CCC: lapsOf([96, 99, null], { pos: [3, 3, 3] }),
    DDD: lapsOf([94, 89, 89], { pos: [1, 1, 1] }),
  };
  assertEquals(orderOf(laps, true), [[1, "DDD"], [2, "AAA"], [3, "CCC"], [4, "BBB"]]);
  const { DDD: _didNotStart, ...others } = laps;
  assertEquals(orderOf(others, true), [[1, "AAA"], [2, "CCC"], [3, "BBB"], [null, "DDD"]]);
  assertEquals(resultsOf(DRIVERS, laps, true).map((result) => result.laps), [3, 3, 3, 0]);
  assertEquals([totalLapsOf(laps, true), totalLapsOf(laps, false)], [3, 4]);
});

test("resultsOf() counts all laps of files without positions, and laps without times in other sessions", () => {
  assertEquals(totalLapsOf({ AAA: lapsOf([null, 90, null]) }, true), 3);
  assertEquals(totalLapsOf({ AAA: lapsOf([null, 90, null], { pos: [null, null, null] }) }, true), 3);
  assertEquals(totalLapsOf({ AAA: lapsOf([null, 90, null], { pos: [null, null, null] }) }, false), 3);
});

test("resultsOf() does not count an incomplete lap in an unchecked file", () => {
  const laps = lapsOf([90, "None" as never], { pos: [1, "None" as never] });
  assertEquals([totalLapsOf({ AAA: laps }, true), totalLapsOf({ AAA: laps }, false)], [1, 2]);
});

test("isRace() is true for the sprints of each season", () => {
  assertEquals(
    [isRace(2025, "Race"), isRace(2025, "Sprint"), isRace(2021, "Sprint Qualifying")],
    [true, true, true],
  );
  assertEquals([isRace(2025, "Sprint Qualifying"), isRace(2025, "Qualifying")], [false, false]);
});

test("totalLapsOf() is the highest lap number", () => {
  assertEquals(totalLapsOf({ AAA: lapsOf([90, 90]), BBB: lapsOf([90], { lap: [7] }) }, true), 7);
  assertEquals([totalLapsOf({}, true), totalLapsOf({ AAA: lapsOf([]) }, false)], [0, 0]);
});

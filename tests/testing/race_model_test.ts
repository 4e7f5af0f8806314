import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { MAX_DRIVERS, raceDrivers, raceLaps } from "../../src/testing/race_model.ts";
import { test } from "../support/test.ts";

test("raceDrivers() gives each driver a code and a number of its own", () => {
  const drivers = raceDrivers(MAX_DRIVERS);

  assertEquals(new Set(drivers.map(({ code }) => code)).size, 20);
  assertEquals(new Set(drivers.map(({ number }) => number)).size, 20);
  assert(drivers.every(({ code, colour }) => /^[A-Z]{3}$/.test(code) && /^[0-9A-F]{6}$/.test(colour)));
  assertEquals(raceDrivers(2).length, 2);
});

test("raceLaps() gives the same laps for the same seed and place", () => {
  assertEquals(raceLaps(1, 3, 50), raceLaps(1, 3, 50));
  assertNotEquals(raceLaps(1, 3, 50), raceLaps(2, 3, 50));
  assertNotEquals(raceLaps(1, 3, 50), raceLaps(1, 4, 50));
});

test("raceLaps() changes tyres between stints", () => {
  const laps = raceLaps(1, 0, 60);
  for (const [index, lap] of laps.entries()) {
    const before = laps[index - 1];
    if (before === undefined || lap.stint !== before.stint) {
      assertEquals(lap.tyreLife, 1);
      assertNotEquals(lap.compound, before?.compound);
    } else assertEquals(lap.tyreLife, before.tyreLife + 1);
  }

  assert(laps.at(-1)!.stint >= 3);
  assertEquals(laps[0]!.isUntimed, true);
});

test("raceLaps() has a few laps that are much longer, and a few that are shorter", () => {
  const seconds = Array.from({ length: 20 }, (_, grid) => raceLaps(1, grid, 50)).flat()
    .map(({ durationS }) => durationS).sort((a, b) => a - b);

  assert(seconds[0]! > 35 && seconds[0]! < 75);
  assert(seconds[500]! > 98 && seconds[500]! < 105);
  assert(seconds[999]! > 350 && seconds[999]! < 3_000);
});

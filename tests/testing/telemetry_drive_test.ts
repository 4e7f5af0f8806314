import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/testing/random.ts";
import { drive, TRACK_METRES } from "../../src/testing/telemetry_drive.ts";
import { test } from "../support/test.ts";

const rows = drive(seededRandom(1), 2);
const PINNED = [852.0788346959641, 257, -2285.582776955214, -10.53109908955763];

test("drive() continues until the laps are over, always forward", () => {
  assert(rows.at(-1)!.metres < 2 * TRACK_METRES && rows.at(-1)!.metres > 1.95 * TRACK_METRES);
  assert(rows.every((row, index) => index === 0 || row.metres > rows[index - 1]!.metres));
  assert(rows.every((row, index) => index === 0 || row.seconds > rows[index - 1]!.seconds));
});

test("drive() keeps measurements within a car's abilities", () => {
  for (const row of rows) {
    assert(row.speed > 50 && row.speed < 350, `speed ${row.speed}`);
    assert(row.rpm > 5_000 && row.rpm < 15_000, `rpm ${row.rpm}`);
    assert(row.gear >= 1 && row.gear <= 8 && Number.isInteger(row.gear));
    assert(row.throttle >= 0 && row.throttle <= 101);
    assert([0, 1].includes(row.brake) && [0, 1].includes(row.drs));
  }
  for (const flag of ["brake", "drs"] as const) {
    assertEquals(new Set(rows.map((row) => row[flag])).size, 2, flag);
  }
});

test("drive() merges the samples of two devices", () => {
  for (const [index, { speed, rpm, x, y }] of rows.entries()) {
    const isCarSample = index % 2 === 0;
    assertEquals([speed, rpm].map(Number.isInteger), [isCarSample, isCarSample]);
    assertEquals([x, y].map(Number.isInteger), [!isCarSample, !isCarSample]);
  }
});

test("drive() gives the same rows on every runtime", () => {
  const row = rows[100]!;

  assertEquals([row.metres, row.speed, row.x, row.accY], PINNED);
});

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type LapRequest, LapTelemetry } from "../../src/testing/lap_telemetry.ts";
import { test } from "../support/test.ts";

const LAP: LapRequest = { driver: "VER", lap: 7, durationS: 100.123, dataKey: "2025-X-Race-VER-7" };
const telemetry = new LapTelemetry(1);

function parse(text: string): Record<string, number[]> {
  const { dataKey: _dataKey, ...columns } = JSON.parse(text).tel;
  return columns;
}

test("LapTelemetry.text() has the columns of the real files, all of the same length", () => {
  const text = telemetry.text(LAP);
  const { tel, ...rest } = JSON.parse(text);

  assertEquals(Object.keys(tel), [
    ...["time", "rpm", "speed", "gear", "throttle", "brake", "drs", "distance", "rel_distance"],
    ...["acc_x", "acc_y", "acc_z", "x", "y", "z", "dataKey"],
  ]);
  assertEquals([tel.dataKey, rest], ["2025-X-Race-VER-7", {}]);
  assertEquals([...new Set(Object.values(parse(text)).map(({ length }) => length))], [731]);
  assert(Object.values(parse(text)).every((column) => column.every((value) => typeof value === "number")));
});

test("LapTelemetry.text() begins at zero and ends with the lap, however long that is", () => {
  for (const durationS of [0.05, 40, 100, 750.5, 2_790]) {
    const { time, distance, rel_distance: relative } = parse(telemetry.text({ ...LAP, durationS }));
    const isSorted = (values: number[]) =>
      values.every((value, row) => row === 0 || value >= values[row - 1]!);

    assertEquals([time![0], time!.at(-1)], [0, durationS]);
    assertEquals([isSorted(time!), isSorted(distance!), isSorted(relative!)], [true, true, true]);
    assert(relative![0]! >= 0 && relative!.at(-1)! <= 1 && distance!.at(-1)! < 5_412);
  }
});

test("LapTelemetry.text() gives the same file for the same seed and lap, in whatever order they are requested", () => {
  const other = new LapTelemetry(1);
  for (let lap = 20; lap > 7; lap--) other.text({ ...LAP, lap });

  assertEquals(other.text(LAP), telemetry.text(LAP));
  assertNotEquals(new LapTelemetry(2).text(LAP), telemetry.text(LAP));
});

test("LapTelemetry.text() gives every lap other measurements", () => {
  const distances = new Set<string>();
  for (const driver of ["VER", "PIA", "NOR", "LEC"]) {
    for (let lap = 1; lap <= 25; lap++) {
      distances.add(String(parse(telemetry.text({ ...LAP, driver, lap })).distance));
    }
  }

  assertEquals(distances.size, 100);
});

test("LapTelemetry.text() writes whole floats like the source", () => {
  const text = telemetry.text(LAP);

  assert(/"time":\[0\.0,/.test(text));
  assert(/"gear":\[\d,\d,/.test(text));
  assert(/"throttle":\[[^\]]*100\.0,/.test(text));
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { telemetrySchema } from "../../src/f1/telemetry.ts";
import { telemetryArrays } from "../../src/f1/telemetry_arrays.ts";
import { test } from "../support/test.ts";
import { telemetryOf } from "./fake_files.ts";

test("telemetryArrays() has every numeric channel, with NaN for missing values", () => {
  const payload = telemetryOf("VER-1");
  payload.tel["acc_x"] = ["None", 2.5];
  const { tel } = v.parse(telemetrySchema, payload);
  const arrays = telemetryArrays({ tel });
  assertEquals(Object.keys(arrays).sort(), Object.keys(tel).filter((name) => name !== "dataKey").sort());
  for (const array of Object.values(arrays)) assert(array instanceof Float64Array && array.length === 2);
  assertEquals([[...arrays.acc_x], [...arrays.speed]], [[NaN, 2.5], [0, 1]]);
});

test("telemetryArrays() has the distance to the car ahead where the file has it, and is a copy", () => {
  const { tel } = v.parse(telemetrySchema, {
    tel: { ...telemetryOf("x").tel, DistanceToDriverAhead: [12.5, "None"], DriverAhead: ["1", "1"] },
  });
  const arrays = telemetryArrays({ tel });
  assertEquals([...arrays.DistanceToDriverAhead!], [12.5, NaN]);
  arrays.speed[0] = 99;
  assertEquals(tel.speed[0], 0);
});

test("telemetryArrays() has NaN for texts of unchecked payloads", () => {
  const payload = telemetryOf("x");
  payload.tel["rel_distance"] = ["None", 0.5];
  assertEquals([...telemetryArrays(payload as never).rel_distance], [NaN, 0.5]);
});

test("telemetryArrays() cuts the averages of a short lap of unchecked payloads, so that all channels have one length", () => {
  const payload = telemetryOf("x");
  Object.assign(payload.tel, { acc_x: [1, 3, 3], acc_y: [1, 3, 3, 3, 3, 3, 3, 3, 3] });
  const arrays = telemetryArrays(payload as never);
  assertEquals([[...arrays.acc_x], [...arrays.acc_y], arrays.time.length], [[3, 3], [3, 3], 2]);
});

test("telemetryArrays() names a malformed channel of an unchecked payload", () => {
  for (const payload of [null, undefined, 7, "x", [], {}, { tel: null }, { tel: { time: 5 } }]) {
    assertThrows(() => telemetryArrays(payload as never), TypeError, "'tel.time' must be an array: received");
  }
  const tel = { ...telemetryOf("VER-1").tel, DistanceToDriverAhead: "None" };
  assertThrows(() => telemetryArrays({ tel } as never), TypeError, "'tel.DistanceToDriverAhead' must be");
});

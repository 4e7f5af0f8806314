import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { type Telemetry, telemetrySchema } from "../../src/f1/telemetry.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

const CHANNELS: readonly string[] = [
  "time",
  "rpm",
  "speed",
  "gear",
  "throttle",
  "brake",
  "drs",
  "distance",
  "rel_distance",
  "acc_x",
  "acc_y",
  "acc_z",
  "x",
  "y",
  "z",
];

function telemetry(overrides: Readonly<Record<string, unknown>> = {}): { tel: Record<string, unknown> } {
  const channels = CHANNELS.map((channel) => [channel, [0, 0.5, 1]]);
  return { tel: { ...Object.fromEntries(channels), dataKey: "2026-a-b-VER-8", ...overrides } };
}

test("telemetrySchema shares the channels that need no change", () => {
  const input = telemetry();
  const output = v.parse(telemetrySchema, input);
  assertEquals<unknown>(output, input);
  assertStrictEquals<unknown>(output.tel, input.tel);
  assertType<Equal<typeof output, Telemetry>>();
});

test('telemetrySchema turns "None" into null in rel_distance, in positions, and for the car ahead', () => {
  const { tel } = v.parse(
    telemetrySchema,
    telemetry({
      rel_distance: ["None", 0.5, 1],
      x: [0, "None", 1],
      DriverAhead: ["None", "31", "31"],
      DistanceToDriverAhead: ["None", 46.4, 46],
    }),
  );
  assertEquals(tel.rel_distance, [null, 0.5, 1]);
  assertEquals(tel.x, [0, null, 1]);
  assertEquals(tel.DriverAhead, [null, "31", "31"]);
  assertEquals(tel.DistanceToDriverAhead, [null, 46.4, 46]);
});

test("telemetrySchema keeps unknown channels, and unknown keys beside tel", () => {
  const output = v.parse(telemetrySchema, { ...telemetry({ mystery: [1] }), version: 2 });
  assertEquals(output.tel["mystery"], [1]);
  assertEquals(output["version"], 2);
});

for (const channel of CHANNELS) {
  test(`telemetrySchema names ${channel} when its length differs, and when it is missing`, () => {
    const short = v.safeParse(telemetrySchema, telemetry({ [channel]: [0, 1] }));
    assert(!short.success);
    assertEquals(short.issues.map((issue) => v.getDotPath(issue)), [`tel.${channel}`]);
    assertEquals(short.issues[0].message, `Column '${channel}' has 2 values where others have 3`);
    const absent = v.safeParse(telemetrySchema, telemetry({ [channel]: undefined }));
    assert(!absent.success);
    assertEquals(absent.issues.map(({ message }) => message), [`Column '${channel}' is missing`]);
  });
}

test("telemetrySchema refuses a payload without tel", () => {
  assertEquals(v.is(telemetrySchema, {}), false);
  assertEquals(v.is(telemetrySchema, { tel: [] }), false);
  assertEquals(v.is(telemetrySchema, telemetry().tel), false);
});

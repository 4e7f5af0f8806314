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

test("telemetrySchema cuts the averages of a lap that has fewer samples than they", () => {
  // The moving averages of 1, 2, 4 … as NumPy's convolve gives them, times the number of their samples.
  const cases = [
    { time: [0, 1], acc_x: [1, 3, 3], acc_y: [1, 3, 3, 3, 3, 3, 3, 3, 3], ofX: [3, 3], ofY: [3, 3] },
    { time: [0, 1, 2], acc_x: [3, 7, 6], acc_y: [3, 7, 7, 7, 7, 7, 7, 7, 6], ofX: [3, 7, 6], ofY: [7, 7, 7] },
    {
      time: [0, 1, 2, 3, 4, 5, 6, 7],
      acc_x: [3, 7, 14, 28, 56, 112, 224, 192],
      acc_y: [15, 31, 63, 127, 255, 255, 254, 252, 248],
      ofX: [3, 7, 14, 28, 56, 112, 224, 192],
      ofY: [31, 63, 127, 255, 255, 254, 252, 248],
    },
  ];
  for (const { time, acc_x, acc_y, ofX, ofY } of cases) {
    const others = Object.fromEntries(CHANNELS.map((channel) => [channel, time]));
    const input = telemetry({ ...others, acc_x, acc_y, acc_z: acc_y });
    const { tel } = v.parse(telemetrySchema, input);
    assertEquals([tel.acc_x, tel.acc_y, tel.acc_z], [ofX, ofY, ofY]);
    assertEquals([tel.time, tel.dataKey], [time, "2026-a-b-VER-8"]);
    assertEquals([input.tel["acc_x"], input.tel["acc_y"]], [acc_x, acc_y]);
  }
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

/**
 * `{driver}/{lap}_tel.json`: the telemetry of one lap.
 *
 * @module
 */

import * as v from "valibot";
import type { PayloadSchema } from "./payload_schema.ts";
import { inPython } from "./python_json.ts";
import { numbers, numbersOrGaps, optional, singleTextOrGap, tableSchema, textsOrGaps } from "./table.ts";

/** The channels of one lap: index `i` of every channel belongs to the same moment. */
export interface TelemetryChannels {
  /** Seconds since the start of the lap. */
  readonly time: readonly number[];
  /** Engine speed, in revolutions per minute. */
  readonly rpm: readonly number[];
  /** Speed, in km/h. */
  readonly speed: readonly number[];
  /** The gear; 0 is neutral. */
  readonly gear: readonly number[];
  /** Throttle, in per cent. */
  readonly throttle: readonly number[];
  /** 1 while the brakes are on, otherwise 0. */
  readonly brake: readonly number[];
  /** 1 while the rear wing is open, otherwise 0. */
  readonly drs: readonly number[];
  /** Distance since the start of the lap, in metres. */
  readonly distance: readonly number[];
  /** The part of the lap that has been driven, from 0 to 1. */
  readonly rel_distance: readonly (number | null)[];
  /** Longitudinal acceleration, in m/s². */
  readonly acc_x: readonly (number | null)[];
  /** Lateral acceleration, in m/s². */
  readonly acc_y: readonly (number | null)[];
  /** Vertical acceleration, in m/s². */
  readonly acc_z: readonly (number | null)[];
  /** Position on the map, in tenths of a metre. */
  readonly x: readonly (number | null)[];
  /** Position on the map, in tenths of a metre. */
  readonly y: readonly (number | null)[];
  /** The height, in tenths of a metre. */
  readonly z: readonly (number | null)[];
  /** The number of the car ahead; only in races of some seasons. */
  readonly DriverAhead?: readonly (string | null)[] | undefined;
  /** The distance to the car ahead, in metres; only in races of some seasons. */
  readonly DistanceToDriverAhead?: readonly (number | null)[] | undefined;
  /** The driver and the lap in one string. */
  readonly dataKey?: string | null | undefined;
  /** Further fields of the file. */
  readonly [channel: string]: unknown;
}

/** The content of `{driver}/{lap}_tel.json`. */
export interface Telemetry {
  /** The channels. */
  readonly tel: TelemetryChannels;
  /** Further fields of the file. */
  readonly [name: string]: unknown;
}

/** The channels that are published as moving averages, and over how many samples each value is the average. */
const AVERAGED: readonly (readonly [channel: string, samples: number])[] = [
  ["acc_x", 3],
  ["acc_y", 9],
  ["acc_z", 9],
];

/**
 * Checks `{driver}/{lap}_tel.json`: all channels have the same length, missing values (`"None"`, `"nan"` and the like) become
 * `null` where values may be missing, and unknown channels pass through. The check takes a small part of the time that parsing
 * the file takes. The accelerations of a lap of a few samples, such as that on which a car stopped, are published with more
 * values than samples: they are cut to those of the samples.
 */
export const telemetrySchema: PayloadSchema<Telemetry> = inPython(v.looseObject({
  tel: v.pipe(
    v.unknown(),
    v.transform(cutAverages),
    tableSchema<TelemetryChannels>({
      time: numbers,
      rpm: numbers,
      speed: numbers,
      gear: numbers,
      throttle: numbers,
      brake: numbers,
      drs: numbers,
      distance: numbers,
      rel_distance: numbersOrGaps,
      acc_x: numbersOrGaps,
      acc_y: numbersOrGaps,
      acc_z: numbersOrGaps,
      x: numbersOrGaps,
      y: numbersOrGaps,
      z: numbersOrGaps,
      DriverAhead: optional(textsOrGaps),
      DistanceToDriverAhead: optional(numbersOrGaps),
      dataKey: optional(singleTextOrGap),
    }),
  ),
}));

/**
 * Cuts the channels that have a value for each sample of their average although the lap has fewer samples. NumPy's `convolve`
 * (mode `same`) publishes them so: its result is as long as the longer of its two inputs, and the values of the lap's samples
 * are in its middle.
 *
 * @param tel The channels of an unchecked payload, which may be anything.
 * @returns The channels with those cut; the same object if there is nothing to cut.
 */
export function cutAverages(tel: unknown): unknown {
  const channels = (tel ?? {}) as Readonly<Record<string, unknown>>;
  const { time, speed } = channels;
  if (!Array.isArray(time) || !Array.isArray(speed) || time.length !== speed.length) return tel;
  let cut = channels;
  for (const [name, samples] of AVERAGED) {
    const values = channels[name];
    if (!Array.isArray(values) || values.length !== samples || time.length >= samples) continue;
    const start = (samples + 1) / 2 - Math.ceil(time.length / 2);
    cut = { ...cut, [name]: values.slice(start, start + time.length) };
  }
  return cut;
}

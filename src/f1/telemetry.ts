/**
 * `{driver}/{lap}_tel.json`: what a car measured during one lap.
 *
 * @module
 */

import * as v from "valibot";
import type { PayloadSchema } from "./payload_schema.ts";
import { numbers, numbersOrGaps, optional, singleTextOrGap, tableSchema, textsOrGaps } from "./table.ts";

/** The channels of one lap: index `i` of every channel belongs to the same moment. */
export interface TelemetryChannels {
  /** Seconds since the start of the lap. */
  readonly time: readonly number[];
  /** Revolutions of the engine a minute. */
  readonly rpm: readonly number[];
  /** Km/h. */
  readonly speed: readonly number[];
  /** The gear; 0 is neutral. */
  readonly gear: readonly number[];
  /** Per cent. */
  readonly throttle: readonly number[];
  /** 1 while the brakes are on, otherwise 0. */
  readonly brake: readonly number[];
  /** 1 while the rear wing is open, otherwise 0. */
  readonly drs: readonly number[];
  /** Metres since the start of the lap. */
  readonly distance: readonly number[];
  /** The part of the lap that has been driven, from 0 to 1. */
  readonly rel_distance: readonly (number | null)[];
  /** Longitudinal acceleration, in m/s². */
  readonly acc_x: readonly (number | null)[];
  /** Lateral acceleration, in m/s². */
  readonly acc_y: readonly (number | null)[];
  /** Vertical acceleration, in m/s². */
  readonly acc_z: readonly (number | null)[];
  /** The position on the map, in tenths of a metre. */
  readonly x: readonly (number | null)[];
  /** The position on the map, in tenths of a metre. */
  readonly y: readonly (number | null)[];
  /** The height, in tenths of a metre. */
  readonly z: readonly (number | null)[];
  /** The number of the car ahead; races of some seasons. */
  readonly DriverAhead?: readonly (string | null)[] | undefined;
  /** Metres to the car ahead; races of some seasons. */
  readonly DistanceToDriverAhead?: readonly (number | null)[] | undefined;
  /** Which lap this is, in one text. */
  readonly dataKey?: string | null | undefined;
  /** What else the file says. */
  readonly [channel: string]: unknown;
}

/** What `{driver}/{lap}_tel.json` holds. */
export interface Telemetry {
  /** The channels. */
  readonly tel: TelemetryChannels;
  /** What else the file says. */
  readonly [name: string]: unknown;
}

/**
 * Checks `{driver}/{lap}_tel.json`: channels of equal lengths, the string `"None"` becomes `null` where values may be missing,
 * and unknown channels pass through. It costs a small part of what parsing the file costs.
 */
export const telemetrySchema: PayloadSchema<Telemetry> = v.looseObject({
  tel: tableSchema<TelemetryChannels>({
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
});

/**
 * Telemetry as typed arrays.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import { cutAverages, type Telemetry, type TelemetryChannels } from "./telemetry.ts";

/** The numbers of one lap: index `i` of every channel belongs to the same moment, and a missing value is `NaN`. */
export interface TelemetryArrays {
  /** Seconds since the start of the lap. */
  readonly time: Float64Array<ArrayBuffer>;
  /** Engine speed, in revolutions per minute. */
  readonly rpm: Float64Array<ArrayBuffer>;
  /** Speed, in km/h. */
  readonly speed: Float64Array<ArrayBuffer>;
  /** The gear; 0 is neutral. */
  readonly gear: Float64Array<ArrayBuffer>;
  /** Throttle, in per cent. */
  readonly throttle: Float64Array<ArrayBuffer>;
  /** 1 while the brakes are on, otherwise 0. */
  readonly brake: Float64Array<ArrayBuffer>;
  /** 1 while the rear wing is open, otherwise 0. */
  readonly drs: Float64Array<ArrayBuffer>;
  /** Distance since the start of the lap, in metres. */
  readonly distance: Float64Array<ArrayBuffer>;
  /** The part of the lap that has been driven, from 0 to 1. */
  readonly rel_distance: Float64Array<ArrayBuffer>;
  /** Longitudinal acceleration, in m/s². */
  readonly acc_x: Float64Array<ArrayBuffer>;
  /** Lateral acceleration, in m/s². */
  readonly acc_y: Float64Array<ArrayBuffer>;
  /** Vertical acceleration, in m/s². */
  readonly acc_z: Float64Array<ArrayBuffer>;
  /** Position on the map, in tenths of a metre. */
  readonly x: Float64Array<ArrayBuffer>;
  /** Position on the map, in tenths of a metre. */
  readonly y: Float64Array<ArrayBuffer>;
  /** The height, in tenths of a metre. */
  readonly z: Float64Array<ArrayBuffer>;
  /** The distance to the car ahead, in metres; absent where the file lacks it. */
  readonly DistanceToDriverAhead?: Float64Array<ArrayBuffer> | undefined;
}

type NumberChannel = Exclude<keyof TelemetryArrays, "DistanceToDriverAhead">;

const CHANNELS: readonly NumberChannel[] =
  ("time,rpm,speed,gear,throttle,brake,drs,distance,rel_distance,acc_x,acc_y,acc_z,x,y,z"
    .split(",")) as readonly NumberChannel[];

/**
 * Copies the numbers of a lap into typed arrays, for computing and for transfer to a worker without another copy.
 *
 * @param telemetry The telemetry of a lap.
 * @returns The channels of `telemetry.tel` that hold numbers; the units are the same.
 * @throws {TypeError} If a channel is no array, which can only happen to unchecked payloads.
 *
 * @example The average speed
 * ```ts
 * import { telemetryArrays } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const two = [1, 2];
 * const { speed, acc_x } = telemetryArrays({
 *   tel: {
 *     time: [0, 0.2], speed: [280, 290], rpm: two, gear: two, throttle: two, brake: two, drs: two, distance: two,
 *     rel_distance: two, acc_x: [null, 3], acc_y: two, acc_z: two, x: two, y: two, z: two,
 *   },
 * });
 * assertEquals(speed.reduce((sum, value) => sum + value) / speed.length, 285);
 * assertEquals([...acc_x], [NaN, 3]);
 * ```
 */
export function telemetryArrays(telemetry: Telemetry): TelemetryArrays {
  // Unchecked payloads may be anything.
  const tel = cutAverages(telemetry?.tel) as Partial<TelemetryChannels> | undefined;
  const names = tel?.DistanceToDriverAhead === undefined ? CHANNELS : [...CHANNELS, "DistanceToDriverAhead"];
  const arrays = names.map((name) => [name, toArray(tel?.[name], name)]);
  return Object.fromEntries(arrays) as unknown as TelemetryArrays;
}

function toArray(values: unknown, name: string): Float64Array<ArrayBuffer> {
  if (!Array.isArray(values)) throw shapeError("make arrays of telemetry", `tel.${name}`, "an array", values);
  const array = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    // Unchecked payloads have strings in place of missing values.
    array[index] = typeof value === "number" ? value : NaN;
  }
  return array;
}

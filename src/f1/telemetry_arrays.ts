/**
 * Telemetry as typed arrays.
 *
 * @module
 */

import type { Telemetry } from "./telemetry.ts";

/** The channels that hold numbers. */
type NumberChannel =
  | "time"
  | "rpm"
  | "speed"
  | "gear"
  | "throttle"
  | "brake"
  | "drs"
  | "distance"
  | "rel_distance"
  | "acc_x"
  | "acc_y"
  | "acc_z"
  | "x"
  | "y"
  | "z";

const CHANNELS: readonly NumberChannel[] =
  ("time,rpm,speed,gear,throttle,brake,drs,distance,rel_distance,acc_x,acc_y,acc_z,x,y,z"
    .split(",")) as readonly NumberChannel[];

/** The numbers of one lap: index `i` of every channel belongs to the same moment, and a missing value is `NaN`. */
export type TelemetryArrays = Readonly<Record<NumberChannel, Float64Array<ArrayBuffer>>> & {
  /** Metres to the car ahead; absent where the file has none. */
  readonly DistanceToDriverAhead?: Float64Array<ArrayBuffer> | undefined;
};

/**
 * The numbers of a lap as typed arrays: for computing, and for handing to a worker without a copy. It takes a copy of its own.
 *
 * @param telemetry The telemetry of a lap.
 * @returns The channels of `telemetry.tel` that hold numbers; the units are the same.
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
export function telemetryArrays({ tel }: Telemetry): TelemetryArrays {
  const arrays = Object.fromEntries(CHANNELS.map((channel) => [channel, toArray(tel[channel])]));
  const { DistanceToDriverAhead: ahead } = tel;
  return (ahead === undefined
    ? arrays
    : { ...arrays, DistanceToDriverAhead: toArray(ahead) }) as TelemetryArrays;
}

function toArray(values: readonly (number | null)[]): Float64Array<ArrayBuffer> {
  const array = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    // Unchecked payloads hold texts for what is missing.
    array[index] = typeof value === "number" ? value : NaN;
  }
  return array;
}

/**
 * Maps the path of a file to the payload's type and its schema.
 *
 * @module
 */

import { type Corners, cornersSchema } from "./corners.ts";
import { type DriversPayload, driversSchema } from "./drivers.ts";
import { type LapTimes, lapTimesSchema } from "./lap_times.ts";
import type { PayloadSchema } from "./payload_schema.ts";
import { type RaceControl, raceControlSchema } from "./race_control.ts";
import { type Telemetry, telemetrySchema } from "./telemetry.ts";
import { type Weather, weatherSchema } from "./weather.ts";

/**
 * The payload of the file at `Path` inside a session's folder; `unknown` for a file that has no schema, and for a path that the
 * compiler does not know well enough.
 */
export type PayloadOf<Path extends string> = Path extends "drivers.json" ? DriversPayload
  : Path extends "weather.json" ? Weather
  : Path extends "rcm.json" ? RaceControl
  : Path extends "corners.json" ? Corners
  : Path extends `${string}/laptimes.json` ? LapTimes
  : Path extends `${string}_tel.json` ? Telemetry
  : unknown;

const SCHEMAS = new Map<string, PayloadSchema<unknown>>([
  ["drivers.json", driversSchema],
  ["weather.json", weatherSchema],
  ["rcm.json", raceControlSchema],
  ["corners.json", cornersSchema],
]);

/**
 * Returns the schema of a session's file.
 *
 * @param path The file's path inside the session's folder.
 * @returns The schema; `undefined` for a file that has none.
 */
export function schemaOf(path: string): PayloadSchema<unknown> | undefined {
  if (path.endsWith("/laptimes.json")) return lapTimesSchema;
  if (path.endsWith("_tel.json")) return telemetrySchema;
  return SCHEMAS.get(path);
}

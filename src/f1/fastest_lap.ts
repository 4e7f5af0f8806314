/**
 * Which lap was the fastest.
 *
 * @module
 */

import type { LapTimes } from "./lap_times.ts";
import type { Telemetry } from "./telemetry.ts";

/** A lap that was the fastest of its driver or session. */
export interface FastestLap {
  /** The driver's code. */
  readonly driver: string;
  /** The lap's number. */
  readonly lap: number;
  /** The lap time, in seconds. */
  readonly time: number;
}

/** A fastest lap with what the car measured. */
export interface FastestLapTelemetry extends FastestLap {
  /** The lap's telemetry. */
  readonly telemetry: Telemetry;
}

/**
 * The fastest of a driver's laps. Laps without a time, or with one that took none, and laps whose time the stewards deleted don't
 * count; of equal times the earlier counts. A file that does not say which times were deleted still says which laps were the driver's
 * best so far: one that is faster than all of those was deleted.
 *
 * @param driver The driver's code.
 * @param laps The driver's laps.
 * @returns The lap; `undefined` when none has a time.
 */
export function fastestLapOf(driver: string, laps: LapTimes): FastestLap | undefined {
  const { del, pb } = laps;
  // Unchecked payloads may hold anything here.
  if (Array.isArray(del) && del.some((deleted) => typeof deleted === "boolean")) {
    return fastestWhere(driver, laps, (row) => del[row] !== true);
  }
  return fastestWhere(driver, laps, (row) => pb?.[row] === true) ?? fastestWhere(driver, laps, () => true);
}

function fastestWhere(
  driver: string,
  { time: times, lap: laps }: LapTimes,
  counts: (row: number) => boolean,
): FastestLap | undefined {
  let fastest: FastestLap | undefined;
  for (const [row, time] of times.entries()) {
    const lap = laps[row];
    // Unchecked payloads still hold "None" here.
    if (typeof time !== "number" || typeof lap !== "number" || time <= 0 || !counts(row)) continue;
    if (fastest === undefined || time < fastest.time) fastest = { driver, lap, time };
  }
  return fastest;
}

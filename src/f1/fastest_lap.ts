/**
 * Finds the fastest lap.
 *
 * @module
 */

import type { LapTimes } from "./lap_times.ts";
import type { Telemetry } from "./telemetry.ts";

/** The fastest lap of a driver or of a session. */
export interface FastestLap {
  /** The driver's code. */
  readonly driver: string;
  /** The lap's number. */
  readonly lap: number;
  /** The lap time, in seconds. */
  readonly time: number;
}

/** A fastest lap with its telemetry. */
export interface FastestLapTelemetry extends FastestLap {
  /** The lap's telemetry. */
  readonly telemetry: Telemetry;
}

/**
 * Finds the fastest of a driver's laps. Laps without a positive time and laps whose time the stewards deleted don't count; of
 * equal times the earlier one counts. A file that does not mark deleted times still marks the laps that were the driver's best so
 * far: a lap that is faster than all of those was deleted.
 *
 * @param driver The driver's code.
 * @param laps The driver's laps.
 * @returns The lap; `undefined` when no lap has a time that counts.
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

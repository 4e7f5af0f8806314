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

/**
 * Returns the session time at which a lap of a driver ended. Of two drivers with equal times, the one who set it first is ahead.
 *
 * @param laps The driver's laps.
 * @param lap One of them.
 * @returns The time, in seconds; `Infinity` without a lap, and for files without session times.
 */
export function endOf({ lap: numbers, sesT }: LapTimes, lap: FastestLap | undefined): number {
  // Unchecked payloads may hold anything here.
  const end: unknown = lap && sesT?.[numbers.indexOf(lap.lap)];
  return typeof end === "number" ? end : Infinity;
}

/**
 * Finds the fastest lap of each driver.
 *
 * @param lapsByDriver The laps by driver.
 * @returns The fastest laps, fastest first; equal times in the order in which they were set, as far as the files say so, and else
 * in the order of the drivers. Drivers without a time that counts are left out.
 */
export function fastestFirst(lapsByDriver: Readonly<Record<string, LapTimes>>): FastestLap[] {
  const found = Object.entries(lapsByDriver).flatMap(([driver, laps]) => {
    const lap = fastestLapOf(driver, laps);
    return lap === undefined ? [] : [{ lap, end: endOf(laps, lap) }];
  });
  found.sort((a, b) => a.lap.time - b.lap.time || (a.end === b.end ? 0 : a.end - b.end));
  return found.map(({ lap }) => lap);
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

/**
 * Laps under readable names, as rows or as columns. The names are those of FastF1.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import type { LapTimes } from "./lap_times.ts";
import { isMissingText } from "./table.ts";

/**
 * One lap. Times and durations are in seconds, session times count from the session's start, speeds are in km/h. An optional
 * field is absent where the season's files lack its column; `null` means that the value of this lap is unknown.
 */
export interface Lap {
  /** The driver's code. */
  readonly Driver: string;
  /** The lap's number, from 1. */
  readonly LapNumber: number;
  /** The lap time. */
  readonly LapTime: number | null;
  /** The tyre compound. */
  readonly Compound: string | null;
  /** The stint, from 1. */
  readonly Stint?: number | null | undefined;
  /** The time of sector 1. */
  readonly Sector1Time?: number | null | undefined;
  /** The time of sector 2. */
  readonly Sector2Time?: number | null | undefined;
  /** The time of sector 3. */
  readonly Sector3Time?: number | null | undefined;
  /** How many laps the tyres have run, this one included. */
  readonly TyreLife?: number | null | undefined;
  /** The position at the end of the lap; races only. */
  readonly Position?: number | null | undefined;
  /** The digits of all track states during the lap. */
  readonly TrackStatus?: string | null | undefined;
  /** Whether it was the driver's best lap so far. */
  readonly IsPersonalBest?: boolean | null | undefined;
  /** The part of a qualifying session. */
  readonly QualifyingSession?: string | null | undefined;
  /** The session time at the end of the lap. */
  readonly Time?: number | null | undefined;
  /** The car number. */
  readonly DriverNumber?: string | null | undefined;
  /** The session time at which the car left the pits. */
  readonly PitOutTime?: number | null | undefined;
  /** The session time at which the car entered the pits. */
  readonly PitInTime?: number | null | undefined;
  /** The session time at the end of sector 1. */
  readonly Sector1SessionTime?: number | null | undefined;
  /** The session time at the end of sector 2. */
  readonly Sector2SessionTime?: number | null | undefined;
  /** The session time at the end of sector 3. */
  readonly Sector3SessionTime?: number | null | undefined;
  /** The speed at the first intermediate. */
  readonly SpeedI1?: number | null | undefined;
  /** The speed at the second intermediate. */
  readonly SpeedI2?: number | null | undefined;
  /** The speed at the finish line. */
  readonly SpeedFL?: number | null | undefined;
  /** The speed on the longest straight. */
  readonly SpeedST?: number | null | undefined;
  /** Whether the tyres were new when they were fitted. */
  readonly FreshTyre?: boolean | null | undefined;
  /** The team. */
  readonly Team?: string | null | undefined;
  /** The session time at the start of the lap. */
  readonly LapStartTime?: number | null | undefined;
  /** The start of the lap in UTC, as ISO text without a zone. */
  readonly LapStartDate?: string | null | undefined;
  /** Whether the stewards deleted the lap time. */
  readonly Deleted?: boolean | null | undefined;
  /** The stewards' reason for deleting the lap time. */
  readonly DeletedReason?: string | null | undefined;
  /** Whether the lap was reconstructed instead of measured. */
  readonly FastF1Generated?: boolean | null | undefined;
  /** Whether the lap's times are consistent with each other. */
  readonly IsAccurate?: boolean | null | undefined;
  /** The state of each mini-sector of sector 1, a digit each, as it is published. */
  readonly Sector1MiniSectors?: string | null | undefined;
  /** The state of each mini-sector of sector 2, as in {@linkcode Lap.Sector1MiniSectors}. */
  readonly Sector2MiniSectors?: string | null | undefined;
  /** The state of each mini-sector of sector 3, as in {@linkcode Lap.Sector1MiniSectors}. */
  readonly Sector3MiniSectors?: string | null | undefined;
  /**
   * The session time at which the weather values below were measured. Some files have the weather of another lap here, half an
   * hour away or more: where this is not close to `LapStartTime`, look up the time of the lap in `wT` of
   * {@linkcode F1Session.weather}.
   */
  readonly WeatherTime?: number | null | undefined;
  /** The air temperature, in °C. */
  readonly AirTemp?: number | null | undefined;
  /** The humidity, in per cent. */
  readonly Humidity?: number | null | undefined;
  /** The air pressure, in hPa. */
  readonly Pressure?: number | null | undefined;
  /** Whether it was raining. */
  readonly Rainfall?: boolean | null | undefined;
  /** The track temperature, in °C. */
  readonly TrackTemp?: number | null | undefined;
  /** The direction from which the wind blows, in degrees. */
  readonly WindDirection?: number | null | undefined;
  /** The wind speed, in m/s. */
  readonly WindSpeed?: number | null | undefined;
}

/** Laps column by column under readable names: index `i` of every column belongs to the same lap. */
export type LapColumns = {
  readonly [Name in keyof Lap]: undefined extends Lap[Name]
    ? readonly Exclude<Lap[Name], undefined>[] | undefined
    : readonly Lap[Name][];
};

/** The published column for each readable name except `Driver`, which is no column of the file. */
const COLUMNS: Readonly<Record<Exclude<keyof Lap, "Driver">, string>> = {
  LapNumber: "lap",
  LapTime: "time",
  Compound: "compound",
  Stint: "stint",
  Sector1Time: "s1",
  Sector2Time: "s2",
  Sector3Time: "s3",
  TyreLife: "life",
  Position: "pos",
  TrackStatus: "status",
  IsPersonalBest: "pb",
  QualifyingSession: "qs",
  Time: "sesT",
  DriverNumber: "dNum",
  PitOutTime: "pout",
  PitInTime: "pin",
  Sector1SessionTime: "s1T",
  Sector2SessionTime: "s2T",
  Sector3SessionTime: "s3T",
  SpeedI1: "vi1",
  SpeedI2: "vi2",
  SpeedFL: "vfl",
  SpeedST: "vst",
  FreshTyre: "fresh",
  Team: "team",
  LapStartTime: "lST",
  LapStartDate: "lSD",
  Deleted: "del",
  DeletedReason: "delR",
  FastF1Generated: "ff1G",
  IsAccurate: "iacc",
  Sector1MiniSectors: "ms1",
  Sector2MiniSectors: "ms2",
  Sector3MiniSectors: "ms3",
  WeatherTime: "wT",
  AirTemp: "wAT",
  Humidity: "wH",
  Pressure: "wP",
  Rainfall: "wR",
  TrackTemp: "wTT",
  WindDirection: "wWD",
  WindSpeed: "wWS",
};

/**
 * Converts a driver's laps to one object each, under readable names.
 *
 * @param driver The driver's code.
 * @param laps The laps as they are published.
 * @returns The laps, in the file's order.
 * @throws {TypeError} If `laps` has no array `lap`, which can only happen to unchecked payloads.
 *
 * @example The laps on soft tyres
 * ```ts
 * import { lapRows } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const laps = lapRows("VER", { lap: [1, 2], time: [null, 91.2], compound: ["MEDIUM", "SOFT"], life: [1, 2] });
 * assertEquals(laps.filter(({ Compound }) => Compound === "SOFT"), [
 *   { Driver: "VER", LapNumber: 2, LapTime: 91.2, Compound: "SOFT", TyreLife: 2 },
 * ]);
 * ```
 */
export function lapRows(driver: string, laps: LapTimes): readonly Lap[] {
  const columns = Object.entries(lapColumns(driver, laps)) as [string, readonly unknown[]][];
  return laps.lap.map((_lap, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])) as unknown as Lap
  );
}

/**
 * Converts a driver's laps to columns under readable names. A column without missing values is the same array as in `laps`.
 *
 * @param driver The driver's code.
 * @param laps The laps as they are published.
 * @returns The columns that `laps` has.
 * @throws {TypeError} If `laps` has no array `lap`, which can only happen to unchecked payloads.
 *
 * @example Tyre life beside lap times
 * ```ts
 * import { lapColumns } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const { LapTime, TyreLife } = lapColumns("VER", { lap: [1], time: [91.2], compound: ["SOFT"], life: [7] });
 * assertEquals([LapTime, TyreLife], [[91.2], [7]]);
 * ```
 */
export function lapColumns(driver: string, laps: LapTimes): LapColumns {
  // Unchecked payloads may be anything.
  if (!Array.isArray(laps?.lap)) throw shapeError("name the columns", "laps.lap", "an array", laps?.lap);
  const columns: Record<string, readonly unknown[]> = { Driver: laps.lap.map(() => driver) };
  for (const [name, column] of Object.entries(COLUMNS)) {
    const values = laps[column];
    if (!Array.isArray(values)) continue;
    // Unchecked payloads still hold "None" here.
    columns[name] = values.some(isMissingText)
      ? values.map((value: unknown) => isMissingText(value) ? null : value)
      : values;
  }
  return columns as unknown as LapColumns;
}

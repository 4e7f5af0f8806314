/**
 * `{driver}/laptimes.json`: one driver's laps.
 *
 * @module
 */

import type { PayloadSchema } from "./payload_schema.ts";
import { flagsOrGaps, numbers, numbersOrGaps, optional, tableSchema, textsOrGaps } from "./table.ts";

/**
 * One driver's laps, column by column: index `i` of every column belongs to the same lap. Times and durations are in seconds,
 * session times count from the session's start. The oldest files have only the first three columns; the other columns are
 * optional, and absent where a file lacks them.
 */
export interface LapTimes {
  /** The lap time. */
  readonly time: readonly (number | null)[];
  /** The lap's number, from 1. */
  readonly lap: readonly number[];
  /** The tyre compound: `SOFT`, `MEDIUM`, `HARD`, `INTERMEDIATE`, `WET`, … */
  readonly compound: readonly (string | null)[];
  /** The stint, from 1. */
  readonly stint?: readonly (number | null)[] | undefined;
  /** The time of sector 1. */
  readonly s1?: readonly (number | null)[] | undefined;
  /** The time of sector 2. */
  readonly s2?: readonly (number | null)[] | undefined;
  /** The time of sector 3. */
  readonly s3?: readonly (number | null)[] | undefined;
  /** How many laps the tyres have run, this one included. */
  readonly life?: readonly (number | null)[] | undefined;
  /** The position at the end of the lap; races only. */
  readonly pos?: readonly (number | null)[] | undefined;
  /** The digits of all track states during the lap: `1` green, `2` yellow, `4` safety car, `5` red, … */
  readonly status?: readonly (string | null)[] | undefined;
  /** Whether it was the driver's best lap so far. */
  readonly pb?: readonly (boolean | null)[] | undefined;
  /** The part of a qualifying session. */
  readonly qs?: readonly (string | null)[] | undefined;
  /** The session time at the end of the lap. */
  readonly sesT?: readonly (number | null)[] | undefined;
  /** The driver's code. */
  readonly drv?: readonly (string | null)[] | undefined;
  /** The car number. */
  readonly dNum?: readonly (string | null)[] | undefined;
  /** The session time at which the car left the pits. */
  readonly pout?: readonly (number | null)[] | undefined;
  /** The session time at which the car entered the pits. */
  readonly pin?: readonly (number | null)[] | undefined;
  /** The session time at the end of sector 1. */
  readonly s1T?: readonly (number | null)[] | undefined;
  /** The session time at the end of sector 2. */
  readonly s2T?: readonly (number | null)[] | undefined;
  /** The session time at the end of sector 3. */
  readonly s3T?: readonly (number | null)[] | undefined;
  /** The speed at the first intermediate, in km/h. */
  readonly vi1?: readonly (number | null)[] | undefined;
  /** The speed at the second intermediate, in km/h. */
  readonly vi2?: readonly (number | null)[] | undefined;
  /** The speed at the finish line, in km/h. */
  readonly vfl?: readonly (number | null)[] | undefined;
  /** The speed on the longest straight, in km/h. */
  readonly vst?: readonly (number | null)[] | undefined;
  /** Whether the tyres were new when they were fitted. */
  readonly fresh?: readonly (boolean | null)[] | undefined;
  /** The team. */
  readonly team?: readonly (string | null)[] | undefined;
  /** The session time at the start of the lap. */
  readonly lST?: readonly (number | null)[] | undefined;
  /** The start of the lap in UTC, as ISO text without a zone. */
  readonly lSD?: readonly (string | null)[] | undefined;
  /** Whether the stewards deleted the lap time. */
  readonly del?: readonly (boolean | null)[] | undefined;
  /** The stewards' reason for deleting the lap time. */
  readonly delR?: readonly (string | null)[] | undefined;
  /** Whether the lap was reconstructed instead of measured. */
  readonly ff1G?: readonly (boolean | null)[] | undefined;
  /** Whether the lap's times are consistent with each other. */
  readonly iacc?: readonly (boolean | null)[] | undefined;
  /** The state of each mini-sector of sector 1, a digit each, as it is published. */
  readonly ms1?: readonly (string | null)[] | undefined;
  /** The state of each mini-sector of sector 2, as in {@linkcode LapTimes.ms1}. */
  readonly ms2?: readonly (string | null)[] | undefined;
  /** The state of each mini-sector of sector 3, as in {@linkcode LapTimes.ms1}. */
  readonly ms3?: readonly (string | null)[] | undefined;
  /** The session time at which the weather values below were measured; in some files it is that of another lap. */
  readonly wT?: readonly (number | null)[] | undefined;
  /** The air temperature, in °C. */
  readonly wAT?: readonly (number | null)[] | undefined;
  /** The humidity, in per cent. */
  readonly wH?: readonly (number | null)[] | undefined;
  /** The air pressure, in hPa. */
  readonly wP?: readonly (number | null)[] | undefined;
  /** Whether it was raining. */
  readonly wR?: readonly (boolean | null)[] | undefined;
  /** The track temperature, in °C. */
  readonly wTT?: readonly (number | null)[] | undefined;
  /** The direction from which the wind blows, in degrees. */
  readonly wWD?: readonly (number | null)[] | undefined;
  /** The wind speed, in m/s. */
  readonly wWS?: readonly (number | null)[] | undefined;
  /** Further columns of the file. */
  readonly [column: string]: unknown;
}

/**
 * Checks `{driver}/laptimes.json`: all columns have the same length, missing values (`"None"`, `"nan"` and the like) become
 * `null`, numbers written as strings become numbers, and unknown columns pass through.
 */
export const lapTimesSchema: PayloadSchema<LapTimes> = tableSchema<LapTimes>({
  lap: numbers,
  time: numbersOrGaps,
  compound: textsOrGaps,
  stint: optional(numbersOrGaps),
  s1: optional(numbersOrGaps),
  s2: optional(numbersOrGaps),
  s3: optional(numbersOrGaps),
  life: optional(numbersOrGaps),
  pos: optional(numbersOrGaps),
  status: optional(textsOrGaps),
  pb: optional(flagsOrGaps),
  qs: optional(textsOrGaps),
  sesT: optional(numbersOrGaps),
  drv: optional(textsOrGaps),
  dNum: optional(textsOrGaps),
  pout: optional(numbersOrGaps),
  pin: optional(numbersOrGaps),
  s1T: optional(numbersOrGaps),
  s2T: optional(numbersOrGaps),
  s3T: optional(numbersOrGaps),
  vi1: optional(numbersOrGaps),
  vi2: optional(numbersOrGaps),
  vfl: optional(numbersOrGaps),
  vst: optional(numbersOrGaps),
  fresh: optional(flagsOrGaps),
  team: optional(textsOrGaps),
  lST: optional(numbersOrGaps),
  lSD: optional(textsOrGaps),
  del: optional(flagsOrGaps),
  delR: optional(textsOrGaps),
  ff1G: optional(flagsOrGaps),
  iacc: optional(flagsOrGaps),
  ms1: optional(textsOrGaps),
  ms2: optional(textsOrGaps),
  ms3: optional(textsOrGaps),
  wT: optional(numbersOrGaps),
  wAT: optional(numbersOrGaps),
  wH: optional(numbersOrGaps),
  wP: optional(numbersOrGaps),
  wR: optional(flagsOrGaps),
  wTT: optional(numbersOrGaps),
  wWD: optional(numbersOrGaps),
  wWS: optional(numbersOrGaps),
});

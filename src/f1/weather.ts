/**
 * `weather.json`: the weather at the track, about once a minute.
 *
 * @module
 */

import type { PayloadSchema } from "./payload_schema.ts";
import { flagsOrGaps, numbers, numbersOrGaps, tableSchema } from "./table.ts";

/** The weather of a session, column by column: index `i` of every column belongs to the same moment. */
export interface Weather {
  /** Seconds since the session began. */
  readonly wT: readonly number[];
  /** The air temperature, in °C. */
  readonly wAT: readonly (number | null)[];
  /** The humidity, in per cent. */
  readonly wH: readonly (number | null)[];
  /** The air pressure, in hPa. */
  readonly wP: readonly (number | null)[];
  /** Whether it was raining. */
  readonly wR: readonly (boolean | null)[];
  /** The track temperature, in °C. */
  readonly wTT: readonly (number | null)[];
  /** The direction from which the wind blows, in degrees. */
  readonly wWD: readonly (number | null)[];
  /** The wind speed, in m/s. */
  readonly wWS: readonly (number | null)[];
  /** Further columns of the file. */
  readonly [column: string]: unknown;
}

/**
 * Checks `weather.json`: all columns have the same length, missing values (`"None"`, `"nan"` and the like) become `null`, and
 * unknown columns pass through.
 */
export const weatherSchema: PayloadSchema<Weather> = tableSchema<Weather>({
  wT: numbers,
  wAT: numbersOrGaps,
  wH: numbersOrGaps,
  wP: numbersOrGaps,
  wR: flagsOrGaps,
  wTT: numbersOrGaps,
  wWD: numbersOrGaps,
  wWS: numbersOrGaps,
});

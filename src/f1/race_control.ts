/**
 * `rcm.json`: the messages of race control.
 *
 * @module
 */

import type { PayloadSchema } from "./payload_schema.ts";
import { numbersOrGaps, optional, tableSchema, texts, textsOrGaps } from "./table.ts";

/** The messages of a session, column by column: index `i` of every column belongs to the same message. */
export interface RaceControl {
  /** The time in UTC, as ISO text with nanoseconds and without a zone. */
  readonly time: readonly string[];
  /** The category of the message: `Flag`, `Drs`, `SafetyCar`, `CarEvent`, `Other`, … */
  readonly cat: readonly (string | null)[];
  /** The message. */
  readonly msg: readonly (string | null)[];
  /** The new state of the subject of the message: `DEPLOYED`, `DISABLED`, … */
  readonly status: readonly (string | null)[];
  /** The flag that is shown. */
  readonly flag: readonly (string | null)[];
  /** The scope of the flag: `Track`, `Sector`, `Driver`. */
  readonly scope: readonly (string | null)[];
  /** The marshal sector that the flag is for. */
  readonly sector: readonly (number | null)[];
  /** The number of the car that the flag is for. */
  readonly dNum: readonly (string | null)[];
  /** The lap of the leader. */
  readonly lap?: readonly (number | null)[] | undefined;
  /** Further columns of the file. */
  readonly [column: string]: unknown;
}

/**
 * Checks `rcm.json`: all columns have the same length, missing values (`"None"`, `"nan"` and the like) become `null`, and unknown
 * columns pass through.
 */
export const raceControlSchema: PayloadSchema<RaceControl> = tableSchema<RaceControl>({
  time: texts,
  cat: textsOrGaps,
  msg: textsOrGaps,
  status: textsOrGaps,
  flag: textsOrGaps,
  scope: textsOrGaps,
  sector: numbersOrGaps,
  dNum: textsOrGaps,
  lap: optional(numbersOrGaps),
});

/**
 * `corners.json`: the positions of the track's corners.
 *
 * @module
 */

import type { PayloadSchema } from "./payload_schema.ts";
import { numbers, numbersOrGaps, optional, singleNumber, tableSchema } from "./table.ts";

/** The corners of a track, column by column: index `i` of every column belongs to the same corner. */
export interface Corners {
  /** The corner's number. */
  readonly CornerNumber: readonly number[];
  /** The position on the map, in tenths of a metre. */
  readonly X: readonly number[];
  /** The position on the map, in tenths of a metre. */
  readonly Y: readonly number[];
  /** The direction from the corner to its label beside the track, in degrees. */
  readonly Angle: readonly number[];
  /** The distance from the start of the lap, in metres; `null` where no lap of the session has telemetry to measure it by. */
  readonly Distance: readonly (number | null)[];
  /** The angle by which to rotate the map for its usual orientation, in degrees; absent in some seasons. */
  readonly Rotation?: number | undefined;
  /** Further columns of the file. */
  readonly [column: string]: unknown;
}

/** Checks `corners.json`: all columns have the same length, missing distances become `null`, and unknown columns pass through. */
export const cornersSchema: PayloadSchema<Corners> = tableSchema<Corners>({
  CornerNumber: numbers,
  X: numbers,
  Y: numbers,
  Angle: numbers,
  Distance: numbersOrGaps,
  Rotation: optional(singleNumber),
});

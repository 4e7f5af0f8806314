/**
 * `corners.json`: where the corners of the track are.
 *
 * @module
 */

import type { PayloadSchema } from "./payload_schema.ts";
import { numbers, optional, singleNumber, tableSchema } from "./table.ts";

/** The corners of a track, column by column: index `i` of every column belongs to the same corner. */
export interface Corners {
  /** The corner's number. */
  readonly CornerNumber: readonly number[];
  /** The position on the map, in tenths of a metre. */
  readonly X: readonly number[];
  /** The position on the map, in tenths of a metre. */
  readonly Y: readonly number[];
  /** The direction in which a label beside the track stands off, in degrees. */
  readonly Angle: readonly number[];
  /** Metres from the start of the lap. */
  readonly Distance: readonly number[];
  /** By how much the map is turned to look as usual, in degrees; some seasons do not say. */
  readonly Rotation?: number | undefined;
  /** What else the file says. */
  readonly [column: string]: unknown;
}

/** Checks `corners.json`: columns of equal lengths, and unknown columns pass through. */
export const cornersSchema: PayloadSchema<Corners> = tableSchema<Corners>({
  CornerNumber: numbers,
  X: numbers,
  Y: numbers,
  Angle: numbers,
  Distance: numbers,
  Rotation: optional(singleNumber),
});

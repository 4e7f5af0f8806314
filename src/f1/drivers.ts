/**
 * `drivers.json`: who took part in a session.
 *
 * @module
 */

import * as v from "valibot";
import type { PayloadSchema } from "./payload_schema.ts";
import { isMissingText } from "./table.ts";

/** A driver of one session. */
export interface Driver {
  /** The three-letter code, which is also the folder of the driver's files. */
  readonly driver: string;
  /** The team. */
  readonly team: string | null;
  /** The car number. */
  readonly dn?: string | null | undefined;
  /** The first name. */
  readonly fn?: string | null | undefined;
  /** The last name. */
  readonly ln?: string | null | undefined;
  /** The team's colour, as six hexadecimal digits. */
  readonly tc?: string | null | undefined;
  /** A picture. */
  readonly url?: string | null | undefined;
  /** What else the file says. */
  readonly [name: string]: unknown;
}

/** What `drivers.json` holds. */
export interface DriversPayload {
  /** The drivers, in the file's order. */
  readonly drivers: readonly Driver[];
  /** What else the file says. */
  readonly [name: string]: unknown;
}

const text = v.pipe(
  v.nullable(v.union([v.string(), v.number()])),
  v.transform((value): string | null => value === null || isMissingText(value) ? null : String(value)),
);

/** Checks `drivers.json`: the string `"None"` becomes `null`, a car's number may be one, and unknown fields pass through. */
export const driversSchema: PayloadSchema<DriversPayload> = v.looseObject({
  drivers: v.array(v.looseObject({
    driver: v.pipe(v.string(), v.nonEmpty("A driver's code must not be empty")),
    team: text,
    dn: v.optional(text),
    fn: v.optional(text),
    ln: v.optional(text),
    tc: v.optional(text),
    url: v.optional(text),
  })),
});

/**
 * `drivers.json`: the drivers who took part in a session.
 *
 * @module
 */

import * as v from "valibot";
import type { PayloadSchema } from "./payload_schema.ts";
import { inPython } from "./python_json.ts";
import { isMissingText } from "./table.ts";

/** A driver of one session. */
export interface Driver {
  /** The three-letter code, which is also the name of the folder with the driver's files. */
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
  /** The URL of a picture. */
  readonly url?: string | null | undefined;
  /** Further fields of the file. */
  readonly [name: string]: unknown;
}

/** The content of `drivers.json`. */
export interface DriversPayload {
  /** The drivers, in the file's order. */
  readonly drivers: readonly Driver[];
  /** Further fields of the file. */
  readonly [name: string]: unknown;
}

const text = v.pipe(
  v.nullable(v.union([v.string(), v.number()])),
  v.transform((value): string | null => value === null || isMissingText(value) ? null : String(value)),
);

/**
 * Checks `drivers.json`: missing values (`"None"`, `"nan"` and the like) become `null`, numbers (such as a car's) become strings,
 * and unknown fields pass through.
 */
export const driversSchema: PayloadSchema<DriversPayload> = inPython(v.looseObject({
  drivers: v.array(v.looseObject({
    driver: v.pipe(v.string(), v.nonEmpty("A driver's code must not be empty")),
    team: text,
    dn: v.optional(text),
    fn: v.optional(text),
    ln: v.optional(text),
    tc: v.optional(text),
    url: v.optional(text),
  })),
}));

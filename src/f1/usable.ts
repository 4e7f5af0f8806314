/**
 * Checks the parts of a payload that the source reads itself, also in payloads that no schema has checked.
 *
 * @module
 */

import { InvalidDataError } from "../errors.ts";
import type { Driver } from "./drivers.ts";
import type { LapTimes } from "./lap_times.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the drivers of a `drivers.json`.
 *
 * @param payload The file's content.
 * @param url The file's URL, for the error.
 * @returns The drivers, each once.
 * @throws {InvalidDataError} If the payload has no list of drivers with codes.
 */
export function usableDrivers(payload: unknown, url: string): readonly Driver[] {
  const { drivers } = fieldsOf(payload);
  if (!Array.isArray(drivers) || !drivers.every(hasCode)) {
    throw unusable(url, "drivers", "must be a list of drivers, each with a code");
  }
  const codes = new Set(drivers.map(({ driver }) => driver));
  return codes.size === drivers.length
    ? drivers
    : [...codes].map((code) => drivers.find(({ driver }) => driver === code)!);
}

/**
 * Returns the laps of a `laptimes.json`.
 *
 * @param payload The file's content.
 * @param url The file's URL, for the error.
 * @param needed The columns that the caller reads.
 * @returns The laps.
 * @throws {InvalidDataError} If one of these columns is no array.
 */
export function usableLaps(
  payload: unknown,
  url: string,
  needed: readonly string[] = ["lap", "time"],
): LapTimes {
  const columns = fieldsOf(payload);
  for (const name of needed) {
    if (!Array.isArray(columns[name])) throw unusable(url, name, "must be an array");
  }
  return payload as LapTimes;
}

function fieldsOf(payload: unknown): Fields {
  return typeof payload === "object" && payload !== null ? payload as Fields : {};
}

function hasCode(entry: unknown): entry is Driver {
  const { driver } = fieldsOf(entry);
  return typeof driver === "string" && driver !== "";
}

function unusable(url: string, path: string, message: string): InvalidDataError {
  return new InvalidDataError(`The file ${url} is of no use, checked or not: its '${path}' ${message}`, {
    url,
    method: "GET",
    reason: "schema",
    issues: [{ path, message }],
  });
}

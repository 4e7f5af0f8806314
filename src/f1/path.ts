/**
 * Builds the paths of a session's files: `{year}@main/{event}/{session}/{path}` below a mirror's base URL.
 *
 * @module
 */

import { argumentError, assertPositiveInteger, shapeError } from "../primitives/argument_checks.ts";

/** The path of the list of drivers. */
export const DRIVERS_PATH = "drivers.json";

const ACTION = "fetch F1 data";
const FIRST_YEAR = 2018;
const LAST_YEAR = 2100;
const CONTROL_CHARACTER = /\p{Cc}/u;
const ESCAPE = /%[0-9a-f]{2}/i;

/**
 * Builds the folder of a session, relative to a mirror's base URL.
 *
 * @param year The season, from 2018.
 * @param event The event's name, as in `Abu Dhabi Grand Prix`.
 * @param session The session's name, as in `Practice 1` or `Race`.
 * @returns The folder, percent-encoded, without a slash at either end.
 * @throws {RangeError} If `year` is no integer from 2018 to 2100.
 * @throws {TypeError} If `event` or `session` is not one plain path segment, because it is empty, `.` or `..`, contains a slash,
 * a backslash or a control character, is not well-formed, or is percent-encoded already.
 */
export function sessionFolder(year: number, event: string, session: string): string {
  if (!Number.isSafeInteger(year) || year < FIRST_YEAR || year > LAST_YEAR) {
    throw argumentError(ACTION, "year", `an integer from ${FIRST_YEAR} to ${LAST_YEAR}`, year);
  }
  return `${year}@main/${encodeSegment(event, "event")}/${encodeSegment(session, "session")}`;
}

/**
 * Builds the URL of a session's file, relative to a mirror's base URL.
 *
 * @param folder The result of {@linkcode sessionFolder}.
 * @param path The file's path inside the folder, as in `VER/laptimes.json`.
 * @returns The URL, percent-encoded.
 * @throws {TypeError} If `path` is absolute or one of its segments is not plain.
 */
export function fileUrl(folder: string, path: string): string {
  if (typeof path !== "string" || path === "") {
    throw shapeError(ACTION, "path", "a non-empty string", path);
  }
  if (path.startsWith("/")) throw shapeError(ACTION, "path", "relative to the session", path);
  const encoded = path.split("/").map((segment) => encodeSegment(segment, "path", path));
  return `${folder}/${encoded.join("/")}`;
}

/**
 * Builds the path of a driver's laps.
 *
 * @param driver The driver's code, as in `VER`.
 * @returns The path inside the session's folder.
 * @throws {TypeError} If `driver` is not one plain path segment.
 */
export function lapTimesPath(driver: string): `${string}/laptimes.json` {
  encodeSegment(driver, "driver");
  return `${driver}/laptimes.json`;
}

/**
 * Builds the path of a lap's telemetry.
 *
 * @param driver The driver's code, as in `VER`.
 * @param lap The lap's number, from 1.
 * @returns The path inside the session's folder.
 * @throws {TypeError} If `driver` is not one plain path segment.
 * @throws {RangeError} If `lap` is no positive integer.
 */
export function telemetryPath(driver: string, lap: number): `${string}/${number}_tel.json` {
  encodeSegment(driver, "driver");
  assertPositiveInteger(ACTION, "lap", lap);
  return `${driver}/${lap}_tel.json`;
}

/**
 * Checks that a name can be the name of a folder.
 *
 * @param segment The name.
 * @param name The argument that the error names.
 * @throws {TypeError} If the name is not one plain path segment.
 */
export function assertSegment(segment: string, name: "event" | "session"): void {
  encodeSegment(segment, name);
}

/**
 * Percent-encodes one segment in composed form (NFC), as the folders are published. An error shows `received`, the whole
 * argument.
 */
function encodeSegment(segment: string, name: string, received: string = segment): string {
  const rule = brokenRule(segment);
  if (rule === undefined) return encodeURIComponent(segment.normalize("NFC"));
  throw shapeError(
    ACTION,
    name,
    name === "path" ? `made of segments that are each ${rule}` : rule,
    received,
  );
}

function brokenRule(segment: unknown): string | undefined {
  if (typeof segment !== "string" || segment.trim() === "") return "a non-empty path segment";
  if (segment === "." || segment === "..") return "a path segment other than '.' and '..'";
  if (/[/\\]/.test(segment)) return "a path segment without slashes and backslashes";
  if (CONTROL_CHARACTER.test(segment)) return "a path segment without control characters";
  if (!segment.isWellFormed()) return "a path segment of well-formed text";
  // A percent-encoded name would be encoded twice; and `%2e%2e` must never reach a server that decodes it.
  if (ESCAPE.test(segment)) return "a path segment that is not percent-encoded (it will be)";
  return undefined;
}

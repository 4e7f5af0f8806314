/**
 * The files of an invented Formula 1 race.
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import {
  argumentError,
  assertOptions,
  assertPositiveInteger,
  shapeError,
} from "../primitives/argument_checks.ts";
import { LapTelemetry } from "./lap_telemetry.ts";
import { MAX_DRIVERS, type RaceDriver, raceDrivers, type RaceLap, raceLaps } from "./race_model.ts";
import { cornersText, driversText, lapTimesText, raceControlText, weatherText } from "./race_tables.ts";

/** Options of {@linkcode racePayloads}. */
export interface RacePayloadsOptions {
  /**
   * The seed of the files, a safe integer.
   *
   * @default {1}
   */
  readonly seed?: number | undefined;
  /**
   * The number of drivers, up to 20.
   *
   * @default {20}
   */
  readonly drivers?: number | undefined;
  /**
   * The number of laps of each driver.
   *
   * @default {50}
   */
  readonly laps?: number | undefined;
  /**
   * The season. From 2026 on `drivers.json` contains only codes and teams.
   *
   * @default {2025}
   */
  readonly year?: number | undefined;
  /**
   * The event.
   *
   * @default {"Abu Dhabi Grand Prix"}
   */
  readonly event?: string | undefined;
  /**
   * The session.
   *
   * @default {"Race"}
   */
  readonly session?: string | undefined;
}

/** The files of a race. Each file is written when it is requested, and is not kept. */
export interface RacePayloads {
  /** The season. */
  readonly year: number;
  /** The event. */
  readonly event: string;
  /** The session. */
  readonly session: string;
  /** The codes of the drivers, in the order of the grid. */
  readonly drivers: readonly string[];
  /** The number of laps of each driver. */
  readonly laps: number;
  /** Lists the paths of all files, as in `drivers.json`, `VER/laptimes.json` and `VER/1_tel.json`. */
  paths(): string[];
  /**
   * Returns the URL path of a file on a mirror: `/{year}@main/{event}/{session}/{path}`, percent-encoded.
   *
   * @param path One of `paths()`.
   */
  urlPath(path: string): string;
  /**
   * Writes one file.
   *
   * @param path One of `paths()`.
   * @returns The JSON text; `undefined` if there is no such file.
   */
  get(path: string): string | undefined;
  /**
   * Writes one file by its URL path, whatever precedes the season in the path. Give this function to a simulated CDN as its
   * `resources`.
   *
   * @param urlPath A percent-encoded path.
   * @returns The JSON text; `undefined` if there is no such file.
   */
  readonly resources: (urlPath: string) => string | undefined;
}

const ACTION = "create race payloads";
const NAMES: readonly (keyof RacePayloadsOptions)[] = ["seed", "drivers", "laps", "year", "event", "session"];
const FIRST_YEAR = 2018;
const TELEMETRY_PATH = /^([1-9]\d*)_tel\.json$/;

/**
 * Creates the files of a race, in the shapes and sizes of the real files: four for the session, lap times for each driver, and
 * telemetry for each lap. A telemetry file has 133 KB in the median, and from about 50 KB to 4 MB at the extremes. The same seed
 * gives the same files. Writing a typical file takes well under a millisecond.
 *
 * @param options The size of the race, and its seed.
 * @returns The files.
 * @throws {TypeError | RangeError} If an option has the wrong shape, is out of range, or does not exist.
 *
 * @example A race behind a simulated CDN
 * ```ts
 * import { createSimulatedCdn, racePayloads } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const race = racePayloads({ seed: 7, drivers: 20, laps: 50 });
 * assertEquals(race.paths().length, 4 + 20 + 20 * 50);
 *
 * await using cdn = createSimulatedCdn({ resources: race.resources });
 * const response = await cdn.fetch(cdn.origins[0] + race.urlPath("VER/1_tel.json"));
 * const { tel }: { tel: { time: number[]; speed: number[] } } = JSON.parse(await response.text());
 * assertEquals(tel.time.length, tel.speed.length);
 * ```
 */
export function racePayloads(options: RacePayloadsOptions = {}): RacePayloads {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, NAMES);
  const {
    seed = 1,
    drivers = 20,
    laps = 50,
    year = 2025,
    event = "Abu Dhabi Grand Prix",
    session = "Race",
  } = options;
  if (!Number.isSafeInteger(seed)) throw argumentError(ACTION, "seed", "a safe integer", seed);
  if (!Number.isInteger(drivers) || drivers < 1 || drivers > MAX_DRIVERS) {
    throw argumentError(ACTION, "drivers", `an integer from 1 to ${MAX_DRIVERS}`, drivers);
  }
  assertPositiveInteger(ACTION, "laps", laps);
  if (!Number.isInteger(year) || year < FIRST_YEAR) {
    throw argumentError(ACTION, "year", `an integer of at least ${FIRST_YEAR}`, year);
  }
  assertName("event", event);
  assertName("session", session);
  return new Race({ seed, laps, year, event, session }, raceDrivers(drivers));
}

interface RaceFacts {
  readonly seed: number;
  readonly laps: number;
  readonly year: number;
  readonly event: string;
  readonly session: string;
}

class Race implements RacePayloads {
  readonly year: number;
  readonly event: string;
  readonly session: string;
  readonly drivers: readonly string[];
  readonly laps: number;
  readonly resources: (urlPath: string) => string | undefined;
  readonly #seed: number;
  readonly #grid: readonly RaceDriver[];
  readonly #laps: readonly (readonly RaceLap[])[];
  readonly #telemetry: LapTelemetry;
  readonly #root: string;

  constructor({ seed, laps, year, event, session }: RaceFacts, grid: readonly RaceDriver[]) {
    this.year = year;
    this.event = event;
    this.session = session;
    this.laps = laps;
    this.drivers = grid.map(({ code }) => code);
    this.#seed = seed;
    this.#grid = grid;
    this.#laps = grid.map((_, place) => raceLaps(seed, place, laps));
    this.#telemetry = new LapTelemetry(seed);
    this.#root = `/${year}@main/${encodeURIComponent(event)}/${encodeURIComponent(session)}/`;
    this.resources = (urlPath) => {
      const start = urlPath.indexOf(this.#root);
      return start === -1 ? undefined : this.get(urlPath.slice(start + this.#root.length));
    };
  }

  paths(): string[] {
    const laps = Array.from({ length: this.laps }, (_, index) => `${index + 1}_tel.json`);
    return [
      ...["drivers.json", "corners.json", "weather.json", "rcm.json"],
      ...this.drivers.map((code) => `${code}/laptimes.json`),
      ...this.drivers.flatMap((code) => laps.map((file) => `${code}/${file}`)),
    ];
  }

  urlPath(path: string): string {
    return this.#root + path;
  }

  get(path: string): string | undefined {
    switch (path) {
      case "drivers.json":
        return driversText(this.#grid, this.year);
      case "corners.json":
        return cornersText(this.#seed);
      case "weather.json":
        return weatherText(this.#seed, this.#durationS());
      case "rcm.json":
        return raceControlText(this.#seed, this.#grid, this.#durationS());
    }
    const [code, file, ...rest] = path.split("/");
    const place = this.drivers.indexOf(code ?? "");
    if (place === -1 || file === undefined || rest.length > 0) return undefined;
    return file === "laptimes.json" ? this.#lapTimes(place) : this.#lapTelemetry(place, file);
  }

  #lapTimes(place: number): string {
    const positions = positionsOf(this.#laps, place);
    return lapTimesText(this.#seed, this.drivers[place]!, this.#laps[place]!, positions);
  }

  #lapTelemetry(place: number, file: string): string | undefined {
    const lap = Number(TELEMETRY_PATH.exec(file)?.[1]);
    const facts = this.#laps[place]![lap - 1];
    if (facts === undefined) return undefined;
    const driver = this.drivers[place]!;
    const dataKey = `${this.year}-${this.event.replaceAll(" ", "")}-${this.session}-${driver}-${lap}`;
    return this.#telemetry.text({ driver, lap, durationS: facts.durationS, dataKey });
  }

  /** Returns the winner's race time, in seconds. */
  #durationS(): number {
    return Math.min(...this.#laps.map((laps) => laps.reduce((sum, { durationS }) => sum + durationS, 0)));
  }
}

/** Returns a driver's position after each lap, by the time since the start. */
function positionsOf(laps: readonly (readonly RaceLap[])[], place: number): number[] {
  const elapsed = laps.map(() => 0);
  return laps[place]!.map((_, lap) => {
    laps.forEach((own, index) => elapsed[index]! += own[lap]!.durationS);
    return 1 + elapsed.filter((seconds) => seconds < elapsed[place]!).length;
  });
}

function assertName(name: "event" | "session", value: string): void {
  if (typeof value === "string" && /^[^/]+$/.test(value) && value !== "." && value !== "..") return;
  throw shapeError(ACTION, name, "a non-empty string without slashes", value);
}

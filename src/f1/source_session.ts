/**
 * One session of a source: requests its files and combines their payloads.
 *
 * @module
 */

import { DataNotFoundError, isDataNotFoundError } from "../errors.ts";
import { assertPositiveInteger, shapeError } from "../primitives/argument_checks.ts";
import { type AllTelemetryOptions, streamTelemetry, type TelemetryOutcome } from "./all_telemetry.ts";
import type { Corners } from "./corners.ts";
import type { Driver } from "./drivers.ts";
import { fastestFirst, type FastestLap, type FastestLapTelemetry } from "./fastest_lap.ts";
import { codeOf, findDriver, unknownDriver } from "./find_driver.ts";
import { type Lap, lapRows } from "./lap.ts";
import type { LapTimes } from "./lap_times.ts";
import { fileOf, sourceError } from "./missing_file.ts";
import { checkF1Options } from "./option_checks.ts";
import { DRIVERS_PATH, fileUrl, lapTimesPath, sessionFolder, telemetryPath } from "./path.ts";
import type { PayloadOf } from "./payload.ts";
import {
  type F1BatchOptions,
  type F1DriversOptions,
  type F1RequestOptions,
  payloadRequest,
  type SourceContext,
} from "./payload_request.ts";
import {
  checkPrefetchOptions,
  prefetchSession,
  type PrefetchSummary,
  type SessionPrefetchOptions,
} from "./prefetch.ts";
import type { RaceControl } from "./race_control.ts";
import { isRace, resultsOf, type SessionResult, totalLapsOf } from "./results.ts";
import type { F1Session } from "./session.ts";
import type { Telemetry } from "./telemetry.ts";
import { type TrackStatus, trackStatusOf } from "./track_status.ts";
import { usableDrivers, usableLaps } from "./usable.ts";
import type { Weather } from "./weather.ts";

/**
 * Options of {@linkcode F1Session.fastestLap} and {@linkcode F1Session.fastestLapTelemetry}: the fastest lap of the whole
 * session, or of each driver.
 */
type FastestLapOptions = F1DriversOptions & { readonly by?: "session" | "driver" | undefined };

const ACTION = "fetch F1 data";

/** One session of a source. */
export class SourceSession implements F1Session {
  readonly year: number;
  readonly event: string;
  readonly name: string;
  readonly #context: SourceContext;
  readonly #folder: string;

  constructor(context: SourceContext, year: number, event: string, name: string) {
    this.#folder = sessionFolder(year, event, name);
    this.#context = context;
    this.year = year;
    this.event = event;
    this.name = name;
  }

  async drivers(options?: F1RequestOptions): Promise<readonly Driver[]> {
    return usableDrivers(await this.#fetch(DRIVERS_PATH, options), this.#urlOf(DRIVERS_PATH));
  }

  async driver(driver: string | number, options?: F1RequestOptions): Promise<Driver> {
    return findDriver(await this.drivers(options), driver);
  }

  async results(options?: F1BatchOptions): Promise<readonly SessionResult[]> {
    const drivers = await this.drivers(options);
    const codes = drivers.map(({ driver }) => driver);
    const laps = this.#usable(await this.#lapsOf(codes, options));
    return resultsOf(drivers, laps, isRace(this.year, this.name));
  }

  async trackStatus(options?: F1BatchOptions): Promise<readonly TrackStatus[]> {
    return trackStatusOf(this.#usable(await this.laps(options)));
  }

  async totalLaps(options?: F1BatchOptions): Promise<number> {
    return totalLapsOf(this.#usable(await this.laps(options)), isRace(this.year, this.name));
  }

  laps(driver: string | number, options?: F1RequestOptions): Promise<LapTimes>;
  laps(options?: F1DriversOptions): Promise<Readonly<Record<string, LapTimes>>>;
  async laps(
    driver?: string | number | F1DriversOptions,
    options?: F1RequestOptions,
  ): Promise<LapTimes | Readonly<Record<string, LapTimes>>> {
    if (driver !== undefined && (typeof driver !== "object" || driver === null)) {
      return await this.#fetchOf(driver, lapTimesPath, options);
    }
    const { drivers: named, ...batch } = driver ?? {};
    const codes = await this.#wantedCodes(driver);
    const laps = await this.#lapsOf(codes, batch);
    if (named !== undefined) {
      await this.#checkTookPart(codes.filter((code) => laps[code] === undefined), batch);
    }
    return laps;
  }

  lapRows(driver: string | number, options?: F1RequestOptions): Promise<readonly Lap[]>;
  lapRows(options?: F1DriversOptions): Promise<readonly Lap[]>;
  async lapRows(
    driver?: string | number | F1DriversOptions,
    options?: F1RequestOptions,
  ): Promise<readonly Lap[]> {
    if (driver !== undefined && (typeof driver !== "object" || driver === null)) {
      const code = await this.#codeOf(driver, options);
      return lapRows(code, usableLaps(await this.laps(code, options), this.#urlOf(lapTimesPath(code))));
    }
    const all = this.#usable(await this.laps(driver));
    return Object.entries(all).flatMap(([code, laps]) => lapRows(code, laps));
  }

  async lap(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Lap> {
    assertPositiveInteger("find lap", "lap", lap);
    const code = await this.#codeOf(driver, options);
    const laps = await this.lapRows(code, options);
    const found = laps.find(({ LapNumber }) => LapNumber === lap);
    if (found !== undefined) return found;
    throw new RangeError(`Cannot find lap as ${code} drove no lap ${lap}: there are ${laps.length}`);
  }

  async telemetry(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Telemetry> {
    assertPositiveInteger(ACTION, "lap", lap);
    return await this.#fetchOf(driver, (code) => telemetryPath(code, lap), options);
  }

  allTelemetry(options: AllTelemetryOptions = {}): AsyncIterableIterator<TelemetryOutcome> {
    checkF1Options(ACTION, options, ["drivers"]);
    checkDrivers(options.drivers);
    return streamTelemetry(this.#context, this.#folder, () => this.#wantedCodes(options), options);
  }

  fastestLap(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLap | null>;
  fastestLap(options: F1DriversOptions & { readonly by: "driver" }): Promise<readonly FastestLap[]>;
  async fastestLap(given: FastestLapOptions = {}): Promise<FastestLap | null | readonly FastestLap[]> {
    const { by, drivers, ...options } = checkedFastest(given);
    const laps = fastestFirst(this.#usable(await this.laps({ ...options, drivers })));
    return by === "session" ? laps[0] ?? null : laps;
  }

  fastestLapTelemetry(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLapTelemetry | null>;
  fastestLapTelemetry(
    options: F1DriversOptions & { readonly by: "driver" },
  ): Promise<readonly FastestLapTelemetry[]>;
  async fastestLapTelemetry(
    given: FastestLapOptions = {},
  ): Promise<FastestLapTelemetry | null | readonly FastestLapTelemetry[]> {
    const { by, drivers, ...options } = checkedFastest(given);
    const laps = fastestFirst(this.#usable(await this.laps({ ...options, drivers })));
    if (by === "session") return await this.#firstWithTelemetry(laps, options);
    const found = await this.#fetchFound(laps.map(({ driver, lap }) => telemetryPath(driver, lap)), options);
    return found.map(([index, telemetry]) => ({ ...laps[index]!, telemetry }));
  }

  async weather(options?: F1RequestOptions): Promise<Weather> {
    return await this.#fetch("weather.json", options);
  }

  async raceControl(options?: F1RequestOptions): Promise<RaceControl> {
    return await this.#fetch("rcm.json", options);
  }

  async corners(options?: F1RequestOptions): Promise<Corners> {
    return await this.#fetch("corners.json", options);
  }

  async prefetch(options: SessionPrefetchOptions = {}): Promise<PrefetchSummary> {
    checkPrefetchOptions(options);
    const { year, event, name: session } = this;
    return await prefetchSession(this.#context, { year, event, session }, options);
  }

  /** Checks that each driver's laps have the columns that the methods here read, and returns the laps. */
  #usable(laps: Readonly<Record<string, LapTimes>>): Readonly<Record<string, LapTimes>> {
    for (const [code, payload] of Object.entries(laps)) usableLaps(payload, this.#urlOf(lapTimesPath(code)));
    return laps;
  }

  #urlOf(path: string): string {
    return fileUrl(this.#folder, path);
  }

  /** Fetches the laps of the given drivers; a driver without a file is left out. */
  async #lapsOf(
    codes: readonly string[],
    options?: F1BatchOptions,
  ): Promise<Readonly<Record<string, LapTimes>>> {
    const laps = await this.#fetchFound(codes.map(lapTimesPath), options);
    return Object.fromEntries(laps.map(([index, payload]) => [codes[index], payload]));
  }

  /** Throws if a driver without laps is none of the session's: the caller may have misspelt the code. */
  async #checkTookPart(codes: readonly string[], options: F1BatchOptions): Promise<void> {
    if (codes.length === 0) return;
    const drivers = await this.drivers(options);
    for (const code of codes) {
      if (!drivers.some(({ driver }) => driver === code)) throw unknownDriver(drivers, code);
    }
  }

  async #firstWithTelemetry(
    laps: readonly FastestLap[],
    options: F1BatchOptions,
  ): Promise<FastestLapTelemetry | null> {
    for (const lap of laps) {
      try {
        return { ...lap, telemetry: await this.#fetch(telemetryPath(lap.driver, lap.lap), options) };
      } catch (error) {
        // Some laps have no telemetry. Take the next driver's lap.
        if (!isDataNotFoundError(error)) throw error;
      }
    }
    return null;
  }

  /** Returns the codes of the drivers that the options name, or of all drivers, each once. */
  async #wantedCodes(options?: F1DriversOptions): Promise<readonly string[]> {
    const { drivers } = options ?? {};
    checkF1Options(ACTION, options ?? {}, ["drivers"]);
    checkDrivers(drivers);
    if (drivers === undefined) return (await this.drivers(options)).map(({ driver }) => driver);
    const codes: string[] = [];
    for (const driver of drivers) codes.push(await this.#codeOf(driver, options));
    return [...new Set(codes)];
  }

  /** Returns the code of a driver; any name but a three-letter code needs the list of drivers. */
  async #codeOf(driver: string | number, options?: F1RequestOptions): Promise<string> {
    checkDriver(driver);
    return codeOf(driver) ?? (await this.driver(driver, options)).driver;
  }

  /** Fetches a driver's file. If it is missing because no such driver took part, the error says so. */
  async #fetchOf<Path extends string>(
    driver: string | number,
    pathOf: (code: string) => Path,
    options?: F1RequestOptions,
  ): Promise<PayloadOf<Path>> {
    const code = await this.#codeOf(driver, options);
    try {
      return await this.#fetch(pathOf(code), options);
    } catch (error) {
      // A name that was looked up is one of the session's drivers.
      if (!isDataNotFoundError(error) || codeOf(driver) === undefined) throw error;
      throw await this.#explained(error, code, options);
    }
  }

  async #explained(
    missing: DataNotFoundError,
    code: string,
    options: F1RequestOptions = {},
  ): Promise<DataNotFoundError> {
    try {
      await this.#checkTookPart([code], options);
    } catch (error) {
      options.signal?.throwIfAborted();
      // Without the list of drivers, it is unknown whether the driver took part.
      if (!(error instanceof RangeError)) return missing;
      return new DataNotFoundError(`${missing.message}: ${error.message}`, { ...missing, cause: missing });
    }
    return missing;
  }

  #fetch<Path extends string>(path: Path, options?: F1RequestOptions): Promise<PayloadOf<Path>> {
    // Methods that load several files pass on their own options, which a single request does not take.
    const own = optionsOfOne(options);
    const request = payloadRequest(this.#context, this.#folder, path, own);
    return fileOf(this.#context.client.json(request, own) as Promise<PayloadOf<Path>>);
  }

  /**
   * Fetches the files at the paths in parallel, and returns the payloads of those that exist, with the indices of their paths, in
   * order.
   */
  async #fetchFound<Path extends string>(
    paths: readonly Path[],
    options: F1BatchOptions = {},
  ): Promise<(readonly [index: number, payload: PayloadOf<Path>])[]> {
    const found: (readonly [number, PayloadOf<Path>])[] = [];
    const requests = paths.map((path) => payloadRequest(this.#context, this.#folder, path, options));
    for await (const outcome of this.#context.client.stream(requests, { ...options, ordered: true })) {
      if (outcome.ok) found.push([outcome.index, outcome.value as PayloadOf<Path>]);
      else if (!isDataNotFoundError(sourceError(outcome.error))) throw outcome.error;
    }
    return found;
  }
}

/** Removes the options that only a batch has, so that a single request can take the others. */
function optionsOfOne(options: AllTelemetryOptions = {}): F1RequestOptions {
  checkF1Options(ACTION, options);
  const { concurrency: _concurrency, ordered: _ordered, prefetch: _prefetch, drivers: _drivers, ...one } =
    options;
  return one;
}

function checkDriver(driver: string | number): void {
  lapTimesPath(typeof driver === "number" ? String(driver) : driver);
}

function checkDrivers(drivers: unknown): void {
  if (drivers === undefined) return;
  if (!Array.isArray(drivers)) throw shapeError(ACTION, "drivers", "an array of drivers", drivers);
  drivers.forEach(checkDriver);
}

function checkedFastest(given: FastestLapOptions): FastestLapOptions & { readonly by: "session" | "driver" } {
  const action = "find the fastest lap";
  checkF1Options(action, given, ["drivers", "by"]);
  const { by = "session", ...options } = given;
  if (by === "session" || by === "driver") return { by, ...options };
  throw shapeError(action, "by", "'session' or 'driver'", by);
}

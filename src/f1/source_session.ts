/**
 * The session of a source: what is asked for, and how the responses are put together.
 *
 * @module
 */

import { isDataNotFoundError } from "../errors.ts";
import { argumentError, assertPositiveInteger, shapeError } from "../primitives/argument_checks.ts";
import { type AllTelemetryOptions, streamTelemetry, type TelemetryOutcome } from "./all_telemetry.ts";
import type { Corners } from "./corners.ts";
import type { Driver } from "./drivers.ts";
import { type FastestLap, fastestLapOf, type FastestLapTelemetry } from "./fastest_lap.ts";
import { codeOf, findDriver } from "./find_driver.ts";
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

/** Where {@linkcode F1Session.fastestLapTelemetry} looks: at the whole session, or at each driver. */
type FastestLapOptions = F1DriversOptions & { readonly by?: "session" | "driver" | undefined };

const ACTION = "fetch F1 data";

/** The session of a source. */
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
      return await this.#fetch(lapTimesPath(await this.#codeOf(driver, options)), options);
    }
    const { drivers: _drivers, ...batch } = driver ?? {};
    return await this.#lapsOf(await this.#wantedCodes(driver), batch);
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
    return await this.#fetch(telemetryPath(await this.#codeOf(driver, options), lap), options);
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
    const name = `${this.year}/${this.event}/${this.name}`;
    return await prefetchSession(this.#context, { folder: this.#folder, name }, options);
  }

  /** The same laps, each driver's of some use. */
  #usable(laps: Readonly<Record<string, LapTimes>>): Readonly<Record<string, LapTimes>> {
    for (const [code, payload] of Object.entries(laps)) usableLaps(payload, this.#urlOf(lapTimesPath(code)));
    return laps;
  }

  #urlOf(path: string): string {
    return fileUrl(this.#folder, path);
  }

  /** The laps of those drivers who have a file. */
  async #lapsOf(
    codes: readonly string[],
    options?: F1BatchOptions,
  ): Promise<Readonly<Record<string, LapTimes>>> {
    const laps = await this.#fetchFound(codes.map(lapTimesPath), options);
    return Object.fromEntries(laps.map(([index, payload]) => [codes[index], payload]));
  }

  async #firstWithTelemetry(
    laps: readonly FastestLap[],
    options: F1BatchOptions,
  ): Promise<FastestLapTelemetry | null> {
    for (const lap of laps) {
      try {
        return { ...lap, telemetry: await this.telemetry(lap.driver, lap.lap, options) };
      } catch (error) {
        // Of some laps there is no telemetry: the next driver's does.
        if (!isDataNotFoundError(error)) throw error;
      }
    }
    return null;
  }

  /** The codes of the drivers that are wanted, whatever they are called, each once. */
  async #wantedCodes(options?: F1DriversOptions): Promise<readonly string[]> {
    const { drivers } = options ?? {};
    checkF1Options(ACTION, options ?? {}, ["drivers"]);
    checkDrivers(drivers);
    if (drivers === undefined) return (await this.drivers(options)).map(({ driver }) => driver);
    const codes: string[] = [];
    for (const driver of drivers) codes.push(await this.#codeOf(driver, options));
    return [...new Set(codes)];
  }

  /** The code of a driver, whatever the driver is called; only what is no code is looked up. */
  async #codeOf(driver: string | number, options?: F1RequestOptions): Promise<string> {
    checkDriver(driver);
    return codeOf(driver) ?? (await this.driver(driver, options)).driver;
  }

  #fetch<Path extends string>(path: Path, options?: F1RequestOptions): Promise<PayloadOf<Path>> {
    // Methods that load several files hand on what they were given.
    const own = optionsOfOne(options);
    const request = payloadRequest(this.#context, this.#folder, path, own);
    return fileOf(this.#context.client.json(request, own) as Promise<PayloadOf<Path>>);
  }

  /** The payloads of those paths that exist, with the paths' indices, in order. */
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

/** Of the options of many requests, those that one may have. */
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
  throw argumentError(action, "by", "'session' or 'driver'", by);
}

function fastestFirst(lapsByDriver: Readonly<Record<string, LapTimes>>): FastestLap[] {
  return Object.entries(lapsByDriver)
    .map(([driver, laps]) => fastestLapOf(driver, laps))
    .filter((lap) => lap !== undefined)
    .sort((a, b) => a.time - b.time);
}

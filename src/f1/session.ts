/**
 * One session, with a method for each of its files.
 *
 * @module
 */

import type { AllTelemetryOptions, TelemetryOutcome } from "./all_telemetry.ts";
import type { Corners } from "./corners.ts";
import type { Driver } from "./drivers.ts";
import type { FastestLap, FastestLapTelemetry } from "./fastest_lap.ts";
import type { Lap } from "./lap.ts";
import type { LapTimes } from "./lap_times.ts";
import type { F1BatchOptions, F1DriversOptions, F1RequestOptions } from "./payload_request.ts";
import type { PrefetchSummary, SessionPrefetchOptions } from "./prefetch.ts";
import type { RaceControl } from "./race_control.ts";
import type { SessionResult } from "./results.ts";
import type { Telemetry } from "./telemetry.ts";
import type { TrackStatus } from "./track_status.ts";
import type { Weather } from "./weather.ts";

/**
 * One session of an event. Every method rejects with the errors of `client.json()`, and with the caller's own reason when
 * `options.signal` aborts. A missing file is a `DataNotFoundError`; if it is that of a driver who did not take part, the message
 * says so. A bad argument rejects before any request.
 */
export interface F1Session {
  /** The season. */
  readonly year: number;
  /** The event's name, as in `Abu Dhabi Grand Prix`. */
  readonly event: string;
  /** The session's name, as in `Race`. */
  readonly name: string;

  /**
   * Fetches the drivers who took part.
   *
   * @param options Options of the request.
   * @returns The drivers, each once, in the file's order.
   */
  drivers(options?: F1RequestOptions): Promise<readonly Driver[]>;

  /**
   * Finds one of the drivers who took part.
   *
   * @param driver The code, the car number, the last or the whole name, as in `"VER"`, `1` or `"verstappen"`.
   * @param options Options of the request.
   * @returns The driver.
   * @throws {RangeError} Rejects, if no driver of that name took part, or several did (two Leclercs, in a practice of 2024). The
   * message suggests the nearest driver, or lists the drivers. Some files list codes and teams alone; then it says so.
   */
  driver(driver: string | number, options?: F1RequestOptions): Promise<Driver>;

  /**
   * Derives the order of the drivers from their laps. A race is ordered by completed laps and the position at the end of the last
   * one; other sessions by the part of qualifying that a driver reached and the fastest lap, where of equal times the one that
   * was set first is ahead. The data has no official classification: no grid, no points, no reasons for retirements, and no later
   * decisions of the stewards.
   *
   * Some files, most of them of the oldest seasons, lack the columns for this, and the order is an estimate then. Without
   * positions, the total of the known lap times decides a race; without the parts of qualifying, the fastest lap of all decides,
   * although a driver may have driven it in an earlier part than the last; and without session times, equal times stay in the
   * order of {@linkcode F1Session.drivers}. The columns `pos`, `qs` and `sesT` of {@linkcode F1Session.laps} tell.
   *
   * @param options Options of the requests.
   * @returns The drivers in order.
   */
  results(options?: F1BatchOptions): Promise<readonly SessionResult[]>;

  /**
   * Derives the state of the track lap by lap: all states that any driver had during a lap of that number.
   *
   * @param options Options of the requests.
   * @returns The laps in order; empty for the oldest seasons, whose files have no states.
   */
  trackStatus(options?: F1BatchOptions): Promise<readonly TrackStatus[]>;

  /**
   * Counts the laps that the leader drove; in a race, those that the leader completed. The planned number of laps is not
   * published.
   *
   * @param options Options of the requests.
   * @returns The number; 0 if no driver drove a lap.
   */
  totalLaps(options?: F1BatchOptions): Promise<number>;

  /**
   * Fetches one driver's laps.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; any name but a three-letter code needs the list of drivers.
   * @param options Options of the request.
   * @returns The laps, column by column.
   */
  laps(driver: string | number, options?: F1RequestOptions): Promise<LapTimes>;
  /**
   * Fetches the laps of all drivers, or of some, in parallel. The first failure aborts the rest and rejects.
   *
   * @param options Options of the requests, and the drivers whose laps to fetch.
   * @returns The laps by driver, in the order of {@linkcode F1Session.drivers} or of `options.drivers`; a driver without a file
   * is left out.
   * @throws {RangeError} Rejects, if `options.drivers` has a driver who did not take part; the message suggests the nearest one.
   * So do the other methods that take `options.drivers`, except for {@linkcode F1Session.allTelemetry}, which gives a failure.
   */
  laps(options?: F1DriversOptions): Promise<Readonly<Record<string, LapTimes>>>;

  /**
   * Fetches one driver's laps under readable names, one object each. {@linkcode lapRows} and {@linkcode lapColumns} convert laps
   * that the caller already has.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; any name but a three-letter code needs the list of drivers.
   * @param options Options of the request.
   * @returns The laps, in the file's order.
   */
  lapRows(driver: string | number, options?: F1RequestOptions): Promise<readonly Lap[]>;
  /**
   * Fetches the laps of all drivers, or of some, under readable names, one object each.
   *
   * @param options Options of the requests, and the drivers whose laps to fetch.
   * @returns The laps, driver by driver.
   */
  lapRows(options?: F1DriversOptions): Promise<readonly Lap[]>;

  /**
   * Fetches one lap under readable names.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; any name but a three-letter code needs the list of drivers.
   * @param lap The lap's number, from 1.
   * @param options Options of the request.
   * @returns The lap.
   * @throws {RangeError} Rejects, if the driver drove no lap of that number.
   */
  lap(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Lap>;

  /**
   * Finds the fastest lap of the session; of equal times, the one that was set first. Deleted lap times don't count, and neither
   * do drivers without a file. Where a file does not mark deleted times, a lap that was faster than the driver's personal bests
   * counts as deleted.
   *
   * @param options Options of the requests, and the drivers whose laps count.
   * @returns The lap; `null` when no lap has a time.
   */
  fastestLap(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLap | null>;
  /**
   * Finds the fastest lap of each driver who has a time.
   *
   * @param options Options of the requests, and the drivers whose laps count.
   * @returns The laps, fastest first.
   */
  fastestLap(options: F1DriversOptions & { readonly by: "driver" }): Promise<readonly FastestLap[]>;

  /**
   * Fetches the telemetry of one lap.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; any name but a three-letter code needs the list of drivers.
   * @param lap The lap's number, from 1.
   * @param options Options of the request.
   * @returns The telemetry.
   */
  telemetry(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Telemetry>;

  /**
   * Streams the telemetry of all laps, as outcomes in the order in which they complete. The stream requests laps as the caller
   * reads: the number of requests in flight and of outcomes that wait for the caller is bounded, however many laps there are. A
   * lap that can't be loaded, or a driver whose laps can't be listed, is an outcome with `ok: false`; the stream goes on. Leaving
   * the loop aborts the requests in flight.
   *
   * @param options Options of the stream; with `ordered` the outcomes come by driver and lap.
   * @returns One outcome per lap. Reading the stream rejects when the session's drivers can't be loaded, and with the caller's
   * own reason when `options.signal` aborts.
   * @throws {TypeError} If `options.drivers` is no array of drivers.
   */
  allTelemetry(options?: AllTelemetryOptions): AsyncIterableIterator<TelemetryOutcome>;

  /**
   * Fetches the fastest lap of the session with its telemetry. Deleted lap times don't count. If the telemetry of that lap is
   * missing, the result is the next driver's fastest lap that has telemetry. {@linkcode F1Session.fastestLap} returns the fastest
   * lap in any case.
   *
   * @param options Options of the requests, and the drivers whose laps count.
   * @returns The lap with its telemetry; `null` when no driver's fastest lap has a time and telemetry.
   */
  fastestLapTelemetry(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLapTelemetry | null>;
  /**
   * Fetches the fastest lap of each driver with its telemetry. Deleted lap times don't count.
   *
   * @param options Options of the requests, and the drivers whose laps count.
   * @returns The laps with their telemetry, fastest first. Drivers without a time, or without telemetry of that lap, are left
   * out.
   */
  fastestLapTelemetry(
    options: F1DriversOptions & { readonly by: "driver" },
  ): Promise<readonly FastestLapTelemetry[]>;

  /**
   * Fetches the weather.
   *
   * @param options Options of the request.
   * @returns The weather, column by column.
   */
  weather(options?: F1RequestOptions): Promise<Weather>;

  /**
   * Fetches the messages of race control.
   *
   * @param options Options of the request.
   * @returns The messages, column by column.
   */
  raceControl(options?: F1RequestOptions): Promise<RaceControl>;

  /**
   * Fetches the corners of the track.
   *
   * @param options Options of the request.
   * @returns The corners, column by column.
   */
  corners(options?: F1RequestOptions): Promise<Corners>;

  /**
   * Loads all files of the session into the source's cache, and keeps none of them in memory.
   *
   * @param options Options of the requests; also whether to load telemetry, and whether to load files again that the cache has.
   * @returns How many files were loaded, how many do not exist, and which could not be loaded.
   */
  prefetch(options?: SessionPrefetchOptions): Promise<PrefetchSummary>;
}

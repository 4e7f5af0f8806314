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
 * One session of an event. Every method rejects with the errors of `client.json()` (`DataNotFoundError` for a file that is not
 * there), and with the caller's own reason when `options.signal` aborts; a bad argument rejects before any request.
 */
export interface F1Session {
  /** The season. */
  readonly year: number;
  /** The event's name, as in `Abu Dhabi Grand Prix`. */
  readonly event: string;
  /** The session's name, as in `Race`. */
  readonly name: string;

  /**
   * The drivers who took part.
   *
   * @param options Options of the request.
   * @returns The drivers, each once, in the file's order.
   */
  drivers(options?: F1RequestOptions): Promise<readonly Driver[]>;

  /**
   * One of the drivers who took part.
   *
   * @param driver The code, the car number, the last or the whole name, as in `"VER"`, `1` or `"verstappen"`.
   * @param options Options of the request.
   * @returns The driver.
   * @throws {RangeError} Rejects, if no driver of that name took part, or several did (two Leclercs, in a practice of 2024); the message
   * names drivers that may have been meant.
   */
  driver(driver: string | number, options?: F1RequestOptions): Promise<Driver>;

  /**
   * The order of the drivers, as far as the laps tell: a race by completed laps and the position at the end of the last one, other sessions by
   * the part of qualifying that was reached and the fastest lap. The data has no official classification: neither the grid, nor points,
   * nor why a driver retired, nor what stewards changed afterwards.
   *
   * @param options Options of the requests.
   * @returns The drivers in order.
   */
  results(options?: F1BatchOptions): Promise<readonly SessionResult[]>;

  /**
   * What the track was like lap by lap: all states that any driver had during a lap of that number.
   *
   * @param options Options of the requests.
   * @returns The laps in order; none in the oldest seasons, whose files do not say.
   */
  trackStatus(options?: F1BatchOptions): Promise<readonly TrackStatus[]>;

  /**
   * How many laps the leader drove, of a race completed; how many were planned is not published.
   *
   * @param options Options of the requests.
   * @returns The number; 0 if no driver drove a lap.
   */
  totalLaps(options?: F1BatchOptions): Promise<number>;

  /**
   * One driver's laps.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; only what is no code is looked up.
   * @param options Options of the request.
   * @returns The laps, column by column.
   */
  laps(driver: string | number, options?: F1RequestOptions): Promise<LapTimes>;
  /**
   * The laps of all drivers, or of some, loaded in parallel. The first failure aborts the rest and rejects.
   *
   * @param options Options of the requests, and whose laps are wanted.
   * @returns The laps by driver, in the order of {@linkcode F1Session.drivers} or of `options.drivers`; a driver who has no file is not
   * there.
   */
  laps(options?: F1DriversOptions): Promise<Readonly<Record<string, LapTimes>>>;

  /**
   * One driver's laps under readable names, one object each; {@linkcode lapRows} and {@linkcode lapColumns} do the same to laps that
   * are there.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; only what is no code is looked up.
   * @param options Options of the request.
   * @returns The laps, in the file's order.
   */
  lapRows(driver: string | number, options?: F1RequestOptions): Promise<readonly Lap[]>;
  /**
   * The laps of all drivers, or of some, under readable names, one object each.
   *
   * @param options Options of the requests, and whose laps are wanted.
   * @returns The laps, driver by driver.
   */
  lapRows(options?: F1DriversOptions): Promise<readonly Lap[]>;

  /**
   * One lap under readable names.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; only what is no code is looked up.
   * @param lap The lap's number, from 1.
   * @param options Options of the request.
   * @returns The lap.
   * @throws {RangeError} Rejects, if the driver drove no lap of that number.
   */
  lap(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Lap>;

  /**
   * The fastest lap of the session. Deleted lap times don't count, and neither do drivers who have no file. Where a file does not say
   * which times were deleted, a lap that was faster than the driver's personal bests counts as one.
   *
   * @param options Options of the requests, and whose laps count.
   * @returns The lap; `null` when none has a time.
   */
  fastestLap(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLap | null>;
  /**
   * The fastest lap of each driver who has a time.
   *
   * @param options Options of the requests, and which drivers are meant.
   * @returns The laps, fastest first.
   */
  fastestLap(options: F1DriversOptions & { readonly by: "driver" }): Promise<readonly FastestLap[]>;

  /**
   * The telemetry of one lap.
   *
   * @param driver The driver, as in {@linkcode F1Session.driver}; only what is no code is looked up.
   * @param lap The lap's number, from 1.
   * @param options Options of the request.
   * @returns The telemetry.
   */
  telemetry(driver: string | number, lap: number, options?: F1RequestOptions): Promise<Telemetry>;

  /**
   * The telemetry of all laps, as a stream of outcomes in the order in which they complete. Laps are asked for as the stream is
   * read: what is in flight and what waits for the reader is bounded, however many laps there are. A lap that can't be loaded,
   * or a driver whose laps can't be listed, is an outcome with `ok: false`; the stream goes on. Leaving the loop aborts what
   * is in flight.
   *
   * @param options Options of the stream; `ordered` yields by driver and lap.
   * @returns One outcome a lap. Reading it rejects when the session's drivers can't be loaded, and with the caller's own
   * reason when `options.signal` aborts.
   * @throws {TypeError} If `options.drivers` is no array of codes.
   */
  allTelemetry(options?: AllTelemetryOptions): AsyncIterableIterator<TelemetryOutcome>;

  /**
   * The fastest lap of the session. Deleted lap times don't count. If its telemetry is missing, it is that of the next driver whose
   * fastest lap has some; {@linkcode F1Session.fastestLap} is the fastest lap in any case.
   *
   * @param options Options of the requests, and whose laps count.
   * @returns The lap with its telemetry; `null` when no driver's fastest lap has a time and telemetry.
   */
  fastestLapTelemetry(
    options?: F1DriversOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLapTelemetry | null>;
  /**
   * The fastest lap of each driver. Deleted lap times don't count.
   *
   * @param options Options of the requests, and which drivers are meant.
   * @returns The laps with their telemetry, fastest first; without drivers who have no time or no telemetry of that lap.
   */
  fastestLapTelemetry(
    options: F1DriversOptions & { readonly by: "driver" },
  ): Promise<readonly FastestLapTelemetry[]>;

  /**
   * The weather.
   *
   * @param options Options of the request.
   * @returns The weather, column by column.
   */
  weather(options?: F1RequestOptions): Promise<Weather>;

  /**
   * The messages of race control.
   *
   * @param options Options of the request.
   * @returns The messages, column by column.
   */
  raceControl(options?: F1RequestOptions): Promise<RaceControl>;

  /**
   * The corners of the track.
   *
   * @param options Options of the request.
   * @returns The corners, column by column.
   */
  corners(options?: F1RequestOptions): Promise<Corners>;

  /**
   * Loads all files of the session, so that they are in the source's cache, and keeps none of them in memory.
   *
   * @param options Options of the requests, and whether telemetry is wanted and what is in the cache is loaded again.
   * @returns How many files were loaded, how many there are not, and which could not be loaded.
   */
  prefetch(options?: SessionPrefetchOptions): Promise<PrefetchSummary>;
}

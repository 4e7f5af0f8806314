/**
 * One session, with a method for each of its files.
 *
 * @module
 */

import type { AllTelemetryOptions, TelemetryOutcome } from "./all_telemetry.ts";
import type { Corners } from "./corners.ts";
import type { Driver } from "./drivers.ts";
import type { FastestLapTelemetry } from "./fastest_lap.ts";
import type { LapTimes } from "./lap_times.ts";
import type { F1BatchOptions, F1RequestOptions } from "./payload_request.ts";
import type { RaceControl } from "./race_control.ts";
import type { Telemetry } from "./telemetry.ts";
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
   * @returns The drivers, in the file's order.
   */
  drivers(options?: F1RequestOptions): Promise<readonly Driver[]>;

  /**
   * One driver's laps.
   *
   * @param driver The driver's code, as in `VER`.
   * @param options Options of the request.
   * @returns The laps, column by column.
   */
  laps(driver: string, options?: F1RequestOptions): Promise<LapTimes>;
  /**
   * The laps of all drivers, loaded in parallel. The first failure aborts the rest and rejects.
   *
   * @param options Options of the requests.
   * @returns The laps by driver, in the order of {@linkcode F1Session.drivers}; a driver who has no file is not there.
   */
  laps(options?: F1BatchOptions): Promise<Readonly<Record<string, LapTimes>>>;

  /**
   * The telemetry of one lap.
   *
   * @param driver The driver's code, as in `VER`.
   * @param lap The lap's number, from 1.
   * @param options Options of the request.
   * @returns The telemetry.
   */
  telemetry(driver: string, lap: number, options?: F1RequestOptions): Promise<Telemetry>;

  /**
   * The telemetry of all laps, as a stream of outcomes in the order in which they complete. Laps are asked for as the stream is
   * read: what is under way and what waits for the reader is bounded, however many laps there are. A lap that can't be loaded,
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
   * The fastest lap of the session. Deleted lap times don't count.
   *
   * @param options Options of the requests.
   * @returns The lap with its telemetry; `null` when no lap has a time.
   */
  fastestLapTelemetry(
    options?: F1BatchOptions & { readonly by?: "session" | undefined },
  ): Promise<FastestLapTelemetry | null>;
  /**
   * The fastest lap of each driver. Deleted lap times don't count.
   *
   * @param options Options of the requests.
   * @returns The laps with their telemetry, fastest first; without drivers who have no time or no telemetry of that lap.
   */
  fastestLapTelemetry(
    options: F1BatchOptions & { readonly by: "driver" },
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
}

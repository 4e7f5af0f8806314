/**
 * Formula 1 timing and telemetry since 2018, from the files that TracingInsights publishes: drivers, lap times, telemetry,
 * weather, race control and corners. The type of a payload follows from its path, schemas check the payloads, and three mirrors
 * serve them in parallel. Events and sessions may be given by their everyday names, and laps have readable column names. The
 * module also derives fastest laps, results and the state of the track from the files.
 *
 * | FastF1                                                    | here                                                           |
 * | --------------------------------------------------------- | -------------------------------------------------------------- |
 * | `get_event_schedule(2025)`                                | `f1.events(2025)`                                              |
 * | `get_session(2025, "Monaco", "Q")`                        | `f1.session(2025, "monaco", "Q")`                              |
 * | `session.load()`                                          | not needed; `session.prefetch()` fills the cache               |
 * | `Cache.enable_cache(folder)`                              | `cache: seasonCache(filesystemCache(folder))`                  |
 * | `session.laps`                                            | `session.lapRows()`, or `session.laps()` as it is published    |
 * | `laps.pick_drivers(["VER", "NOR"])`                       | `session.lapRows({ drivers: ["VER", "NOR"] })`                 |
 * | `laps.pick_fastest()`                                     | `session.fastestLap()`, of each driver with `{ by: "driver" }` |
 * | `lap.get_telemetry()`                                     | `session.telemetry("VER", 33)`, `session.fastestLapTelemetry()` |
 * | `session.get_driver("VER")`, `session.results`            | `session.driver("VER")`, `session.results()`                   |
 * | `session.weather_data`, `session.race_control_messages`   | `session.weather()`, `session.raceControl()`                   |
 * | `lap.get_weather_data()`                                  | the row of `session.weather()` at the `LapStartTime` of a lap  |
 * | `session.get_circuit_info().corners`                      | `session.corners()`                                            |
 *
 * @example Every lap of a session
 * ```ts
 * import { tracingInsights } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const files: Record<string, string> = {
 *   "VER/laptimes.json": `{ "lap": [1, 2], "time": ["None", 91.2], "compound": ["SOFT", "SOFT"], "stint": [1, 1],
 *     "s1": ["None", 17.2], "s2": [40.8, 31.6], "s3": [24.5, 22.1], "life": [1, 2], "pos": ["None", "None"],
 *     "status": ["1", "1"], "pb": [false, true] }`,
 * };
 * // Stands in for the network here; leave `fetch` out to ask the mirrors.
 * await using f1 = tracingInsights({
 *   fetch: (input) => {
 *     const body = files[String(input).split("/").slice(-2).join("/")];
 *     return Promise.resolve(new Response(body ?? "", { status: body === undefined ? 404 : 200 }));
 *   },
 * });
 *
 * const [verstappen, nobody] = await f1.fetchMultiple([
 *   [2026, "Pre-Season Testing", "Practice 1", "VER/laptimes.json"],
 *   [2026, "Pre-Season Testing", "Practice 1", "XXX/laptimes.json"],
 * ]);
 * assertEquals(verstappen?.time, [null, 91.2]);
 * assertEquals(nobody, null);
 * ```
 *
 * @example Events, sessions and laps by the names that people use
 * ```ts
 * import { tracingInsights } from "@slipstream/fetch/f1";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const files: Record<string, unknown> = {
 *   "drivers.json": { drivers: [{ driver: "VER", team: "Red Bull Racing" }, { driver: "DNS", team: null }] },
 *   "laptimes.json": { lap: [1, 2], time: ["None", "81.2"], compound: ["nan", "HYPERSOFT"] },
 * };
 * await using f1 = tracingInsights({
 *   fetch: (input) => {
 *     const [driver, file] = String(input).split("/").slice(-2);
 *     return Promise.resolve(driver === "DNS" ? new Response("", { status: 404 }) : Response.json(files[file!]));
 *   },
 * });
 *
 * assertEquals(f1.events(2018)[5]?.name, "Monaco Grand Prix");
 * const race = f1.session(2018, "monaco", "R");
 * assertEquals([race.event, race.name], ["Monaco Grand Prix", "Race"]);
 * assertEquals(await race.lap("VER", 2), { Driver: "VER", LapNumber: 2, LapTime: 81.2, Compound: "HYPERSOFT" });
 * assertEquals(await race.fastestLap(), { driver: "VER", lap: 2, time: 81.2 });
 * assertThrows(() => f1.session(2018, "monacco", "R"), RangeError, "did you mean 'Monaco Grand Prix'?");
 * ```
 *
 * @module
 */

export type {
  AllTelemetryOptions,
  TelemetryFailure,
  TelemetryOutcome,
  TelemetrySuccess,
} from "./all_telemetry.ts";
export type { F1Event } from "./calendar.ts";
export type { EventName } from "./event_names.ts";
export type { SessionName } from "./session_names.ts";
export { type Corners, cornersSchema } from "./corners.ts";
export { type Driver, type DriversPayload, driversSchema } from "./drivers.ts";
export type { FastestLap, FastestLapTelemetry } from "./fastest_lap.ts";
export type { F1Request, PayloadsOf } from "./fetch_multiple.ts";
export { type Lap, type LapColumns, lapColumns, lapRows } from "./lap.ts";
export { type LapTimes, lapTimesSchema } from "./lap_times.ts";
export type { F1Mirror } from "./mirror_list.ts";
export { type F1Mirrors, FALLBACK_MIRRORS } from "./mirrors.ts";
export type { PayloadOf } from "./payload.ts";
export type { PayloadIssue, PayloadSchema } from "./payload_schema.ts";
export type { F1BatchOptions, F1DriversOptions, F1RequestOptions } from "./payload_request.ts";
export type {
  PrefetchFailure,
  PrefetchOptions,
  PrefetchSummary,
  SessionPrefetchOptions,
} from "./prefetch.ts";
export { type RaceControl, raceControlSchema } from "./race_control.ts";
export type { SessionResult } from "./results.ts";
export { seasonCache } from "./season_cache.ts";
export { seasonTtlMs } from "./season_ttl.ts";
export type { F1Session } from "./session.ts";
export { tracingInsights } from "./source.ts";
export { type Telemetry, type TelemetryChannels, telemetrySchema } from "./telemetry.ts";
export { type TelemetryArrays, telemetryArrays } from "./telemetry_arrays.ts";
export type { TracingInsights, TracingInsightsOptions } from "./tracing_insights.ts";
export type { TrackState, TrackStatus } from "./track_status.ts";
export { type Weather, weatherSchema } from "./weather.ts";

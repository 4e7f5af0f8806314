/**
 * Formula 1 timing and telemetry since 2018, from the files that TracingInsights publishes: drivers, lap times, telemetry,
 * weather, race control and corners, typed by path, checked, and loaded in parallel from three mirrors.
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
 * @module
 */

export type {
  AllTelemetryOptions,
  TelemetryFailure,
  TelemetryOutcome,
  TelemetrySuccess,
} from "./all_telemetry.ts";
export { type Corners, cornersSchema } from "./corners.ts";
export { type Driver, type DriversPayload, driversSchema } from "./drivers.ts";
export type { FastestLap, FastestLapTelemetry } from "./fastest_lap.ts";
export type { F1Request, PayloadsOf } from "./fetch_multiple.ts";
export { type LapTimes, lapTimesSchema } from "./lap_times.ts";
export type { PayloadOf } from "./payload.ts";
export type { PayloadIssue, PayloadSchema } from "./payload_schema.ts";
export type { F1BatchOptions, F1RequestOptions } from "./payload_request.ts";
export { type RaceControl, raceControlSchema } from "./race_control.ts";
export { seasonCache } from "./season_cache.ts";
export { seasonTtlMs } from "./season_ttl.ts";
export type { F1Session } from "./session.ts";
export { type TracingInsights, tracingInsights, type TracingInsightsOptions } from "./source.ts";
export { type Telemetry, type TelemetryChannels, telemetrySchema } from "./telemetry.ts";
export { type Weather, weatherSchema } from "./weather.ts";

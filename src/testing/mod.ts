/**
 * Helpers for tests without a network and without waiting: a simulated CDN as a `fetch` and as a real server, a clock that stands
 * still until a test moves it, seeded random numbers, and the files of a race.
 *
 * @example A client against mirrors that fail, in no time
 * ```ts
 * import { createSimulatedCdn, ManualClock, racePayloads } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new ManualClock();
 * const race = racePayloads({ laps: 3 });
 * await using cdn = createSimulatedCdn({
 *   clock,
 *   resources: race.resources,
 *   latency: { medianMs: 75, p99Ms: 300 },
 *   faults: [{ nth: 1, match: /laptimes/, kind: "status", status: 503 }],
 * });
 * const url = cdn.origins[0] + race.urlPath("VER/laptimes.json");
 *
 * const first = await clock.run(cdn.fetch(url));
 * const second = await clock.run(cdn.fetch(url));
 *
 * assertEquals([first.status, second.status], [503, 200]);
 * assertEquals(cdn.log.countByUrl().get(race.urlPath("VER/laptimes.json")), 2);
 * ```
 *
 * @module
 */

export type { Clock, TimerHandle } from "../primitives/clock.ts";
export type { CdnLog, CdnLogEntry, CdnOutcome } from "./cdn_log.ts";
export type { SimulatedCdnOptions, SimulatedMirrorOptions } from "./cdn_options.ts";
export type { CdnRequest } from "../middleware/faults/cdn_request.ts";
export type {
  CutFault,
  DripFault,
  Fault,
  FaultKind,
  FaultMatch,
  FaultRule,
  RefuseFault,
  ResetFault,
  RetryAfterFault,
  SlowFault,
  StallFault,
  StatusFault,
  WrongContentFault,
} from "../middleware/faults/fault.ts";
export type { Latency } from "../middleware/faults/latency.ts";
export { ManualClock, type ManualClockOptions } from "./manual_clock.ts";
export { type RacePayloads, racePayloads, type RacePayloadsOptions } from "./race_payloads.ts";
export { seededRandom } from "./random.ts";
export type { Resource, ResourceContent, Resources } from "./resource.ts";
export { type CdnServer, createSimulatedCdn, type SimulatedCdn } from "./simulated_cdn.ts";

/**
 * Decides how long a cache may keep a session's file.
 *
 * @module
 */

/** Matches the season in a URL, in the layouts of all public copies. */
const SEASON = /\/(\d{4})(?:@main|\/resolve|\/main)\//;
const RUNNING_SEASON_TTL_MS = 5 * 60_000;

/**
 * Returns how long a cache may serve a file. A file of a past season lives for ever; a season is past once the year in its URL is
 * over (in UTC). Any other file lives for five minutes, because files of the running season still appear and are corrected. So
 * does a file whose URL names no season.
 *
 * @param url The file's URL, or its path below a mirror's base URL.
 * @param nowMs The current time, in milliseconds since 1970.
 * @returns The time to live, in milliseconds; `Infinity` for ever.
 *
 * @example Past seasons never expire
 * ```ts
 * import { seasonTtlMs } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const base = "https://cdn.jsdelivr.net/gh/TracingInsights";
 * const now = Date.UTC(2026, 5, 1);
 * assertEquals(seasonTtlMs(`${base}/2025@main/Abu%20Dhabi%20Grand%20Prix/Race/drivers.json`, now), Infinity);
 * assertEquals(seasonTtlMs(`${base}/2026@main/Monaco%20Grand%20Prix/Race/drivers.json`, now), 300_000);
 * ```
 */
export function seasonTtlMs(url: string | URL, nowMs: number): number {
  const season = SEASON.exec(`/${typeof url === "string" ? url : url.pathname}`)?.[1];
  if (season === undefined || Number(season) >= new Date(nowMs).getUTCFullYear()) {
    return RUNNING_SEASON_TTL_MS;
  }
  return Infinity;
}

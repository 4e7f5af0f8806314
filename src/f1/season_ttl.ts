/**
 * How long a session's file stays the same.
 *
 * @module
 */

/** The season of a URL, in the layouts of all public copies. */
const SEASON = /\/(\d{4})(?:@main|\/resolve|\/main)\//;
const RUNNING_SEASON_TTL_MS = 5 * 60_000;

/**
 * How long a file may be served from a cache: for ever when its season is over, which is when the year of its URL has passed
 * (in UTC), and for five minutes while files still appear and are corrected, or when the URL names no season.
 *
 * @param url The file's URL, or its path below a mirror's base URL.
 * @param nowMs The time, in milliseconds since 1970.
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

/**
 * A race that loads through the F1 source: the first time from its mirrors, later from its cache.
 *
 * @module
 */

import { type F1Session, seasonCache, tracingInsights } from "../../src/f1/mod.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
import { racePayloads } from "../../src/testing/mod.ts";

/** A race. */
export interface RaceSession extends AsyncDisposable {
  /** Loads the telemetry of all laps, keeps none of it, and returns the number of laps. */
  readonly load: () => Promise<number>;
}

/** The size of a race, and how the cache keeps it. */
export interface RaceSessionOptions {
  /** The form in which the memory cache keeps values; `"default"` uses the source's own default cache. */
  readonly keep: "bytes" | "parsed" | "default";
  readonly drivers: number;
  /** The number of laps of each driver; a lap's telemetry has 133 KB. */
  readonly laps: number;
}

/** Creates a race whose files are ready bytes. It loads nothing yet. */
export function createRaceSession({ keep, drivers, laps }: RaceSessionOptions): RaceSession {
  const race = racePayloads({ drivers, laps });
  const encoder = new TextEncoder();
  const files = new Map(race.paths().map((path) => [race.urlPath(path), encoder.encode(race.get(path))]));
  const source = tracingInsights({
    fetch: (input) => {
      const { pathname } = new URL(String(input));
      return Promise.resolve(new Response(files.get(pathname.slice(pathname.indexOf("/2025@")))));
    },
    ...keep === "default" ? {} : {
      cache: seasonCache(memoryCache({ keep, maxBytes: 512 * 1024 * 1024, maxEntries: 5_000 })),
    },
  });
  const session = source.session(race.year, race.event, race.session);
  return { load: () => loadTelemetry(session), [Symbol.asyncDispose]: () => source.close() };
}

async function loadTelemetry(session: F1Session): Promise<number> {
  let laps = 0;
  for await (const outcome of session.allTelemetry()) {
    if (!outcome.ok) throw outcome.error;
    laps++;
  }
  return laps;
}

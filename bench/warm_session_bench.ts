/**
 * How much does it cost to load a race again from memory, if the cache keeps bytes, or parsed values? The race has 20
 * drivers × 57 laps of 133 KB. The F1 source parses and checks each lap that is kept as bytes, and copies each parsed one.
 *
 * @module
 */

import { createRaceSession } from "./support/race_session.ts";

for (const keep of ["bytes", "parsed"] as const) {
  const race = createRaceSession({ keep, drivers: 20, laps: 57 });
  await race.load();
  Deno.bench({
    name: `kept ${keep === "bytes" ? "as bytes" : "parsed"}`,
    baseline: keep === "bytes",
    n: 5,
    warmup: 1,
    fn: async () => void await race.load(),
  });
}

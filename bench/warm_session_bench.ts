/**
 * What does a race cost that is loaded again from memory, kept as bytes or as it was parsed? 20 drivers × 57 laps of 133 KB through
 * the F1 source, each lap parsed and checked, or copied.
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

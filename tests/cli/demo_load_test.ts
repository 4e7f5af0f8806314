import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { loadPhase } from "../../src/cli/demo_load.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";
import { planOf } from "../http_cache/plan_of.ts";

const RACE = racePayloads({ drivers: 2, laps: 1 });
const BYTES = RACE.paths().reduce((sum, path) => sum + (RACE.get(path)?.length ?? 0), 0);

function setUp(faults: readonly FaultRule[] = []) {
  const clock = new ManualClock();
  const terminal = new FakeTerminal();
  const cdn = createSimulatedCdn({ resources: RACE.resources, latency: 100, faults, clock });
  const source = tracingInsights({
    baseUrls: cdn.origins,
    fetch: cdn.fetch,
    clock,
    concurrency: 2,
    maxRetries: 0,
    cache: planOf(),
  });
  const phase = { label: "test", client: source.client, race: RACE, paths: RACE.paths() };
  return { clock, terminal, cdn, source, start: () => loadPhase(phase, { clock, terminal }) };
}

test("loadPhase() measures files, bytes and time, and counts cache hits", async () => {
  const { clock, source, start } = setUp();
  assertEquals(await clock.run(start()), {
    exitCode: 0,
    load: { files: 8, failed: 0, fromCache: 0, bytes: BYTES, elapsedMs: 400 },
  });
  const { load } = await clock.run(start());
  assertEquals([load?.fromCache, load?.bytes], [8, 0]);
  await source.close();
});

test("loadPhase() names failed files and measures the rest", async () => {
  const { clock, terminal, source, start } = setUp([{ kind: "status", status: 400, match: /weather/ }]);
  const { exitCode, load } = await clock.run(start());
  assertEquals([exitCode, load?.files, load?.failed], [1, 8, 1]);
  assertStringIncludes(terminal.stderr.text, "weather.json: ");
  await source.close();
});

test("loadPhase() stops at Ctrl-C and then returns nothing", async () => {
  const { clock, terminal, cdn, source, start } = setUp();
  const loading = start();
  await clock.advance(250);
  terminal.interrupt();
  assertEquals(await loading, { exitCode: 130 });
  assertMatch(terminal.stderr.text, /^Interrupted: 4 done, 4 not done, /);
  assertEquals([cdn.log.openRequests, terminal.interruptListeners, clock.pending], [0, 0, 0]);
  await source.close();
});

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const RACE = racePayloads({ drivers: 2, laps: 2 });
const SESSION = ["2025", "Abu Dhabi Grand Prix", "Race"];

function setUp(faults: readonly FaultRule[] = []) {
  const clock = new ManualClock();
  const terminal = new FakeTerminal();
  const cdn = createSimulatedCdn({ resources: RACE.resources, latency: 10, faults, clock });
  const start = (...args: string[]) => main(["f1", ...args], terminal, { fetch: cdn.fetch, clock });
  return {
    clock,
    terminal,
    cdn,
    start,
    f1: (...args: string[]) => clock.run(start(...args)),
    lines: () => terminal.stdout.text.split("\n").slice(0, -1).map((line) => JSON.parse(line)),
  };
}

test("slipstream f1 writes the files of the session as lines of JSON", async () => {
  const { f1, lines, terminal } = setUp();
  assertEquals(await f1(...SESSION), 0);
  assertEquals(lines().map(({ path }) => path).sort(), [
    "corners.json",
    "drivers.json",
    "rcm.json",
    "weather.json",
  ]);
  const drivers = lines().find(({ path }) => path === "drivers.json");
  assertEquals(drivers.value.drivers.map(({ driver }: { driver: string }) => driver), ["VER", "PIA"]);
  assertMatch(terminal.stderr.text, /^4 done, [\d.]+ kB in 10 ms, 400\/s\n$/);
});

test("slipstream f1 ends at the first write that fails, and says so once", async () => {
  for (const flags of [[], ["--all"], ["--telemetry"]]) {
    const { f1, terminal } = setUp();
    terminal.stdout.write = () => Promise.reject(new Error("disk full"));
    assertEquals(await f1(...SESSION, ...flags), 1);
    assertMatch(
      terminal.stderr.text,
      /^stdout: disk full\nStopped as the output can't be written: [^\n]*\n$/,
    );
  }
});

test("slipstream f1 --all loads everything, with missing values as null", async () => {
  const { f1, lines, terminal } = setUp();
  assertEquals(await f1(...SESSION, "--all"), 0);
  assertEquals(lines().map(({ path }) => path).sort(), RACE.paths().sort());
  const laps = lines().find(({ path }) => path === "VER/laptimes.json");
  assertEquals(laps.value.time[0], null);
  assert(!terminal.stdout.text.includes('"None"'));
});

test("slipstream f1 --laps --driver requests nothing else", async () => {
  const { f1, cdn } = setUp();
  assertEquals(await f1(...SESSION, "--laps", "--driver", "PIA", "--driver", "pia"), 0);
  assertEquals(cdn.log.entries.map(({ path }) => path), [
    `/gh/TracingInsights${RACE.urlPath("PIA/laptimes.json")}`,
  ]);
});

test("slipstream f1 --base-url uses those mirrors, in order", async () => {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({
    resources: RACE.resources,
    mirrors: ["a", "b"],
    faults: [{ mirror: "a", kind: "refuse" }],
    clock,
  });
  const bases = cdn.origins.flatMap((origin) => ["--base-url", origin]);
  const args = ["f1", ...SESSION, ...bases];
  assertEquals(await clock.run(main(args, new FakeTerminal(), { fetch: cdn.fetch, clock })), 0);
  assertEquals([cdn.logOf("a").outcomes.refused, cdn.logOf("b").outcomes.complete], [4, 4]);
});

test("slipstream f1 --out writes the files below year, event and session", async () => {
  const { f1, terminal } = setUp();
  assertEquals(await f1(...SESSION, "--telemetry", "--driver", "VER", "--out", "/out"), 0);
  assertEquals([...terminal.files.contents.keys()].sort(), [
    "/out/2025/Abu Dhabi Grand Prix/Race/VER/1_tel.json",
    "/out/2025/Abu Dhabi Grand Prix/Race/VER/2_tel.json",
  ]);
  const { tel } = JSON.parse([...terminal.files.contents.values()][0] ?? "");
  assertEquals([terminal.stdout.text, tel.time.length > 100], ["", true]);
});

test("slipstream f1 counts unpublished files, and does not fail because of them", async () => {
  const { f1, lines, terminal } = setUp([{ kind: "status", status: 404, match: /weather|2_tel/ }]);
  assertEquals(await f1(...SESSION, "--all"), 0);
  assertEquals(lines().filter(({ ok }) => !ok).map(({ path }) => path).sort(), [
    "PIA/2_tel.json",
    "VER/2_tel.json",
    "weather.json",
  ]);
  assertMatch(terminal.stderr.text, /^7 done, 3 not published, /);
});

test("slipstream f1 fails for a missing session, and for an unknown driver", async () => {
  const session = setUp();
  assertEquals(await session.f1("2024", "Abu Dhabi Grand Prix", "Race", "--laps"), 1);
  assertStringIncludes(session.terminal.stderr.text, "drivers.json: ");
  const driver = setUp();
  assertEquals(await driver.f1(...SESSION, "--laps", "--driver", "XXX"), 1);
  assertStringIncludes(driver.terminal.stderr.text, "XXX/laptimes.json: ");
});

test("slipstream f1 --driver accepts numbers and names, and suggests drivers", async () => {
  const { f1, lines, cdn } = setUp();
  const names = ["piastri", "81", "PIA"].flatMap((name) => ["--driver", name]);
  assertEquals(await f1(...SESSION, "--laps", ...names), 0);
  assertEquals(lines().map(({ path }) => path), ["PIA/laptimes.json"]);
  assertEquals([...cdn.log.countByUrl().values()], [1, 1]);
  for (
    const [name, hint] of [["piastry", "did you mean 'PIA'?"], ["99", "there are 'VER', 'PIA'"]] as const
  ) {
    const typo = setUp();
    assertEquals(await typo.f1(...SESSION, "--laps", "--driver", name), 2);
    assertStringIncludes(typo.terminal.stderr.text, hint);
    assertEquals(typo.terminal.stdout.text, "");
  }
});

test("slipstream f1 --driver fails like any file if names can't be looked up, and stops at Ctrl-C", async () => {
  const session = setUp();
  const other = ["2024", "Abu Dhabi Grand Prix", "Race", "--laps", "--driver", "piastri"];
  assertEquals(await session.f1(...other), 1);
  assertMatch(session.terminal.stderr.text, /^drivers\.json: GET .* 404 .*\n0 done, 1 failed/);
  const json = setUp();
  assertEquals(await json.f1(...other, "--json-errors"), 1);
  assertEquals(JSON.parse(json.terminal.stderr.text).where, "drivers.json");
  const { start, clock, terminal, cdn } = setUp([{ kind: "stall", match: /drivers/ }]);
  const done = start(...SESSION, "--laps", "--driver", "piastri");
  await clock.advance(1_000);
  terminal.interrupt();
  assertEquals([await done, cdn.log.openRequests, clock.pending], [130, 0, 0]);
});

test("slipstream f1 names a file that could not be loaded, and loads the others", async () => {
  const { f1, lines, terminal } = setUp([{ kind: "wrongContent", match: /VER\/1_tel/ }]);
  assertEquals(await f1(...SESSION, "--telemetry", "--retries", "0"), 1);
  assertEquals(lines().filter(({ ok }) => ok).length, 3);
  assertMatch(terminal.stderr.text, /^VER\/1_tel\.json: .*\n6 done, 1 failed/);
});

test("slipstream f1 --fail-fast loads no more after a failure", async () => {
  const { f1, terminal, cdn } = setUp([{ kind: "status", status: 400, match: /VER\/laptimes/ }]);
  assertEquals(await f1(...SESSION, "--telemetry", "--fail-fast", "--concurrency", "1"), 1);
  assertMatch(terminal.stderr.text, /\nStopped at the first failure: 1 done, 1 failed, /);
  assertEquals(cdn.log.requests <= 3, true);
});

test("slipstream f1 stops cleanly at Ctrl-C, also while it waits for the list of drivers", async () => {
  const { start, clock, terminal, cdn } = setUp([{ kind: "stall", match: /drivers/ }]);
  const done = start(...SESSION, "--all");
  await clock.advance(1_000);
  terminal.interrupt();
  assertEquals(await done, 130);
  assertMatch(terminal.stderr.text, /^Interrupted: 3 done, the rest not done, /);
  assertEquals([cdn.log.openRequests, clock.pending], [0, 0]);
});

test("slipstream f1 --cache keeps the files of the running season for five minutes, and says so once", async () => {
  await using temp = await tempFolder();
  const cdn = createSimulatedCdn({ resources: RACE.resources });
  let nowMs = Date.UTC(2025, 5, 1);
  const clock = { ...systemClock, wallNow: () => nowMs };
  const f1 = async () => {
    const terminal = new FakeTerminal();
    const code = await main(["f1", ...SESSION, "--cache", temp.path], terminal, { fetch: cdn.fetch, clock });
    assertEquals([code, terminal.stdout.text.split("\n").length], [0, 5]);
    return terminal.stderr.text;
  };
  assertMatch(await f1(), /^The season 2025 is not over: its files are kept for 5 min 00 s\n4 done, /);
  nowMs += 299_000;
  assertMatch(await f1(), /^4 done, 4 from the cache, /);
  assertEquals(cdn.log.requests, 4);
  nowMs += 1_000;
  assertMatch(await f1(), /^4 done, [^,]* in /);
  assertEquals(cdn.log.requests, 8);
  nowMs = Date.UTC(2026, 0, 1);
  assertMatch(await f1(), /^The season 2025 is over: its files are kept without expiry\n4 done, [^,]* in /);
  assertMatch(await f1(), /^4 done, 4 from the cache, /);
});

test("slipstream f1 with a year lists the events, and with an event the sessions", async () => {
  const events = setUp();
  assertEquals(await events.f1("2025"), 0);
  assertMatch(events.terminal.stdout.text, /\n {3}8 {3}Monaco Grand Prix +Monte Carlo, Monaco\n/);
  for (const event of ["monaco", "8"]) {
    const sessions = setUp();
    assertEquals(await sessions.f1("2025", event), 0);
    assertMatch(sessions.terminal.stdout.text, /^ {2}1 {3}Practice 1\n(.*\n){3} {2}5 {3}Race\n$/);
    assertEquals([sessions.terminal.stderr.text, sessions.cdn.log.requests], ["", 0]);
  }
});

test("slipstream f1 accepts short names, and stores the files under the names of the folders", async () => {
  const { f1, terminal } = setUp();
  assertEquals(await f1("2025", "abu dhabi", "R", "--laps", "--driver", "VER", "--out", "/out"), 0);
  assertEquals([...terminal.files.contents.keys()], [
    "/out/2025/Abu Dhabi Grand Prix/Race/VER/laptimes.json",
  ]);
});

test("slipstream f1 counts a 403 about the package's size as not published", async () => {
  const terminal = new FakeTerminal();
  const clock = new ManualClock();
  const text = "Package size exceeded the configured limit of 50 MB. Try https://github.com/T/2025 instead.";
  const fetch = (input: RequestInfo | URL) => {
    const path = String(input).split("/").at(-1)!;
    const found = path === "drivers.json" ? RACE.get(path) : undefined;
    return Promise.resolve(new Response(found ?? text, { status: found === undefined ? 403 : 200 }));
  };
  const context = { fetch: fetch as typeof globalThis.fetch, clock };
  assertEquals(await clock.run(main(["f1", ...SESSION], terminal, context)), 0);
  assertMatch(terminal.stderr.text, /^1 done, 3 not published, /);
});

test("slipstream f1 --refresh loads cached files again", async () => {
  await using temp = await tempFolder();
  const cdn = createSimulatedCdn({ resources: RACE.resources });
  const f1 = async (...args: string[]) => {
    const terminal = new FakeTerminal();
    const context = { fetch: cdn.fetch, clock: systemClock };
    assertEquals(await main(["f1", ...SESSION, "--cache", temp.path, ...args], terminal, context), 0);
    return cdn.log.requests;
  };
  assertEquals([await f1(), await f1(), await f1("--refresh"), await f1()], [4, 4, 8, 8]);
});

test("slipstream f1 --driver looks names up in the cache, and anew with --refresh", async () => {
  await using temp = await tempFolder();
  const cdn = createSimulatedCdn({ resources: RACE.resources });
  const f1 = async (...args: string[]) => {
    const flags = ["--cache", temp.path, "--laps", "--driver", "piastri", ...args];
    const context = { fetch: cdn.fetch, clock: systemClock };
    assertEquals(await main(["f1", ...SESSION, ...flags], new FakeTerminal(), context), 0);
    return cdn.log.requests;
  };
  assertEquals([await f1(), await f1(), await f1("--refresh"), await f1()], [2, 2, 4, 4]);
});

const WRONG: readonly (readonly [message: string, ...args: string[]])[] = [
  ["'f1' takes a year, an event and a session, or less to list them: received 0 of them"],
  ["'f1' takes a year, an event and a session, or less to list them: received 4 of them", ...SESSION, "more"],
  ["'f1' needs a year, an event and a session to load something", "2025", "monaco", "--laps"],
  ["'f1' needs a year, an event and a session to load something", "2025", "--refresh"],
  ["'f1' needs a year, an event and a session to load something", "2025", "--out", "data"],
  ["'f1' needs a year, an event and a session to load something", "2025", "monaco", "--ndjson"],
  [
    "Cannot find event as there is no \"monacco\" in 2025; did you mean 'Monaco Grand Prix'?",
    "2025",
    "monacco",
  ],
  ['Cannot find event as there is no "monacco" in 2025; did you mean', "2025", "monacco", "Race"],
  [
    "Cannot find session as there is no \"Raec\" of the Monaco Grand Prix 2025; did you mean 'Race'?",
    "2025",
    "8",
    "Raec",
  ],
  ["Cannot list the events as 'year' must be a season of the calendar", "2027"],
  ['The year must be a number of four digits: received "25"', "25", "X", "Race"],
  ["Cannot fetch F1 data as 'year'", "1999", "X", "Race"],
  ["Cannot fetch F1 data as 'event'", "2027", "../x", "Race"],
  ["Cannot fetch F1 data as 'session'", "2027", "X", ".."],
  ["Cannot fetch F1 data as 'driver'", ...SESSION, "--laps", "--driver", "a/b"],
  ["'--driver' needs '--laps', '--telemetry' or '--all'", ...SESSION, "--driver", "VER"],
  ["'--refresh' and '--no-cache' exclude each other", ...SESSION, "--refresh", "--no-cache"],
  ["'--base-url' must be an http or https URL", ...SESSION, "--base-url", "ftp://cdn.example.com"],
  ["Unknown flag: --ordered", ...SESSION, "--ordered"],
  ["'--retries' must be an integer of at least 0", ...SESSION, "--retries", "many"],
  ["'--retries' must be an integer of at least 0", "2025", "--retries", "many"],
  ["'--base-url' must be an http or https URL", "2025", "monaco", "--base-url", "ftp://cdn.example.com"],
];

for (const [message, ...args] of WRONG) {
  test(`slipstream f1 ${args.join(" ")} is wrong usage, before any request`, async () => {
    const { f1, terminal, cdn } = setUp();
    assertEquals(await f1(...args), 2);
    assertStringIncludes(terminal.stderr.text, `slipstream: ${message}`);
    assertStringIncludes(terminal.stderr.text, "Usage: slipstream f1 <year> [event] [session] [flags]");
    assertEquals(cdn.log.requests, 0);
  });
}

test("slipstream f1 uses old files of the running season while the network fails, and says so; --refresh does not", async () => {
  await using temp = await tempFolder();
  const clock = new ManualClock({ wallMs: Date.UTC(2025, 11, 10) });
  const cdn = createSimulatedCdn({ resources: RACE.resources, clock });
  const run = async (fetch: typeof globalThis.fetch, ...flags: string[]) => {
    const terminal = new FakeTerminal();
    const args = ["f1", ...SESSION, "--all", "--cache", temp.path, ...flags];
    const code = await clock.run(main(args, terminal, { fetch, clock }));
    const sources = terminal.stdout.text.split("\n").slice(0, -1).map((line) => JSON.parse(line).from);
    return { code, sources: [...new Set(sources)], stderr: terminal.stderr.text };
  };
  const down: typeof fetch = () => Promise.reject(new TypeError("no route"));
  const warning =
    "warning: Files that may be out of date are served from the cache, because the network fails\n";
  const fresh = await run(cdn.fetch as typeof fetch);
  assertEquals([fresh.code, fresh.sources, fresh.stderr.includes(warning)], [0, ["network"], false]);
  await clock.advance(86_400_000);
  const old = await run(down);
  assertEquals([old.code, old.sources, old.stderr.split(warning).length], [0, ["stale"], 2]);
  const refreshed = await run(down, "--refresh", "--retries", "0");
  assertEquals([refreshed.code, refreshed.sources, refreshed.stderr.includes(warning)], [
    1,
    [undefined],
    false,
  ]);
  assertEquals((await run(down)).sources, ["stale"]);
});

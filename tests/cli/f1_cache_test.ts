import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { openF1Cache } from "../../src/cli/f1_cache.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { type CliProcessOptions, type CliResult, runCli } from "../support/cli_process.ts";
import { ownCaches } from "../support/own_caches.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

const RACE = racePayloads({ drivers: 2, laps: 2 });
const FILES = RACE.paths().length;
const SESSION = ["f1", "2025", "Abu Dhabi Grand Prix", "Race", "--all"];

/** Creates the command line with a home of its own, and a simulated CDN behind jsDelivr's names. */
async function setUp() {
  const caches = await ownCaches();
  const cdn = createSimulatedCdn({ resources: RACE.resources });
  const { url } = await cdn.listen();
  const run = (args: readonly string[], { env, ...options }: CliProcessOptions = {}): Promise<CliResult> =>
    runCli([url, ...args], {
      program: "tests/support/f1_cli.ts",
      env: { ...caches.env, ...env },
      ...options,
    });
  return {
    caches,
    url,
    run,
    /** Loads the race, and returns how many requests that took. */
    async load(flags: readonly string[] = [], options?: CliProcessOptions) {
      const before = cdn.log.requests;
      const { code, stdout, stderr } = await run([...SESSION, ...flags], options);
      assertEquals([code, stdout.trim().split("\n").length], [0, FILES]);
      return { stderr, requests: cdn.log.requests - before };
    },
    async [Symbol.asyncDispose]() {
      await cdn[Symbol.asyncDispose]();
      await caches[Symbol.asyncDispose]();
    },
  };
}

test("openF1Cache() opens the given folder, or none with --no-cache", () => {
  const conditions = { fetch: () => Promise.reject(new Error()), clock: systemClock };
  const none = () => undefined;
  const open = (cache: string | undefined, isNo: boolean, env: (name: string) => string | undefined = none) =>
    openF1Cache({ cache, "no-cache": isNo }, conditions, env);
  assertEquals([open("dir", false)?.adapter.name, open("dir", false)?.defaultDir], ["filesystem", undefined]);
  assertEquals(open("dir", false, () => "1"), undefined);
  assertEquals([open(undefined, true), open(undefined, false)], [undefined, undefined]);
  assertThrows(() => open("dir", true), UsageError, "contradict");
  assertThrows(() => open(undefined, false, () => "maybe"), UsageError, "'SLIPSTREAM_CI'");
});

test("slipstream f1 keeps a session in the default folder, says so once, and sends nothing the next time", async () => {
  await using f1 = await setUp();
  const cold = await f1.load();
  assertEquals(cold.requests, FILES);
  assertEquals(
    cold.stderr.split("\n")[0],
    `The season 2025 is over: its files are kept without expiry, in ${f1.caches.f1} (unless you say --no-cache)`,
  );
  const warm = await f1.load();
  assertEquals(warm.requests, 0);
  assertMatch(warm.stderr, new RegExp(`^${FILES} done, ${FILES} from the cache, 0 B in [^\\n]*\\n$`));
  assertEquals((await f1.load(["--refresh"])).requests, FILES);
  assertEquals((await f1.load()).requests, 0);
});

test("slipstream f1 has a cache in its own folder, or none, with --cache, --no-cache, --base-url and SLIPSTREAM_CI", async () => {
  await using f1 = await setUp();
  await using temp = await tempFolder();
  for (const flags of [["--no-cache"], ["--base-url", f1.url]]) {
    for (let round = 0; round < 2; round++) assertEquals((await f1.load(flags)).requests, FILES);
  }
  assertEquals((await f1.load([], { env: { SLIPSTREAM_CI: "1" } })).requests, FILES);
  assertEquals((await f1.load(["--cache", temp.path])).requests, FILES);
  assertEquals((await f1.load(["--cache", temp.path])).requests, 0);
  assertEquals(await f1.caches.kept(), []);
  const { code, stderr } = await f1.run([...SESSION, "--no-cache", "--cache", temp.path]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "'--cache' and '--no-cache' contradict each other");
});

test("slipstream f1 warns once, and still loads, where the default folder can't be used", async () => {
  await using f1 = await setUp();
  await f1.caches.block();
  const { stderr, requests } = await f1.load(["--quiet"]);
  assertEquals(requests, FILES);
  assertMatch(stderr, /^warning: The cache 'filesystem' failed to [^\n]+\n$/);
});

test("slipstream cache --f1 reports on the default folder, and clears it", async () => {
  await using f1 = await setUp();
  for (const action of ["stats", "sweep", "clear"]) {
    const empty = { code: 0, stdout: `Nothing is kept in ${f1.caches.f1}\n`, stderr: "" };
    assertEquals(await f1.run(["cache", action, "--f1"]), empty);
  }
  await f1.load();
  const { stdout } = await f1.run(["cache", "stats", "--f1"]);
  assertStringIncludes(stdout, `${f1.caches.f1}\n\n`);
  // The files, and the entry about the notice.
  assertMatch(stdout, new RegExp(`\\n {2}fresh +${FILES + 1} `));
  const cleared = await f1.run(["cache", "clear", "--f1"]);
  assertMatch(cleared.stdout, new RegExp(`\\nRemoved ${FILES + 1} entries, `));
  assertEquals(await f1.caches.kept(), []);
  const again = await f1.load();
  assertEquals([again.requests, again.stderr.startsWith("The season 2025 is over")], [FILES, true]);
});

if (runtime === "deno") {
  test("slipstream f1 stores nothing, and requests no permission, without those for the default folder", async () => {
    await using f1 = await setUp();
    const permissions = ["--allow-net=127.0.0.1"];
    for (let round = 0; round < 2; round++) {
      const { stderr, requests } = await f1.load([], { permissions });
      assertMatch(stderr, new RegExp(`^${FILES} done, [^\\n]*\\n$`));
      assertEquals(requests, FILES);
    }
    const { code, stderr } = await f1.run(["cache", "stats", "--f1"], { permissions });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "There is no folder for '--f1' here");
    assertEquals(await f1.caches.kept(), []);
  });
}

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { defaultCache, defaultCacheFolder, diskFolderFor } from "../../src/f1/default_cache.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { type CliProcessOptions, runCli } from "../support/cli_process.ts";
import { ownCaches } from "../support/own_caches.ts";
import { runtime, test } from "../support/test.ts";

const RACE = racePayloads({ drivers: 2, laps: 3 });
const FILES = RACE.paths().length;

interface ProcessGlobal {
  readonly env: Record<string, string | undefined>;
}

const currentProcess = (globalThis as unknown as { process: ProcessGlobal }).process;

/** Sets an environment variable until the end of the scope. */
function setEnv(name: string, value: string): Disposable {
  const { env } = currentProcess;
  const former = env[name];
  env[name] = value;
  return {
    [Symbol.dispose]() {
      if (former === undefined) delete env[name];
      else env[name] = former;
    },
  };
}

/** Creates a simulated CDN behind jsDelivr's names, and a home folder with caches of its own. */
async function setUp(isMissing: (path: string) => boolean = () => false) {
  const caches = await ownCaches();
  const cdn = createSimulatedCdn({
    resources: (path) => isMissing(path) ? undefined : RACE.resources(path),
  });
  const { url } = await cdn.listen();
  return {
    caches,
    async load(flags: readonly string[] = [], { env, ...options }: CliProcessOptions = {}) {
      const before = cdn.log.requests;
      const { code, stdout, stderr } = await runCli([url, ...flags], {
        program: "tests/support/f1_race.ts",
        env: { ...caches.env, ...env },
        ...options,
      });
      assertEquals([code, stderr], [0, ""]);
      const { loaded, missing, failures, fresh, warnings } = JSON.parse(stdout);
      assertEquals(failures, []);
      return { loaded, missing, fresh, warnings, requests: cdn.log.requests - before };
    },
    async [Symbol.asyncDispose]() {
      await cdn[Symbol.asyncDispose]();
      await caches[Symbol.asyncDispose]();
    },
  };
}

test("diskFolderFor() returns a folder only for files that every caller gets", () => {
  using _env = setEnv("XDG_CACHE_HOME", "/caches");
  assertEquals(defaultCacheFolder(), "/caches/slipstream/f1");
  assertEquals(diskFolderFor({}), "/caches/slipstream/f1");
  assertEquals(diskFolderFor({ fetch: globalThis.fetch, clock: systemClock, use: [] }), defaultCacheFolder());
  const replaced = (): Promise<Response> => Promise.reject(new Error());
  for (
    const options of [
      { fetch: replaced },
      { clock: new ManualClock() },
      { baseUrls: "https://a.test" },
      { use: [(request: Request, next: (request: Request) => Promise<Response>) => next(request)] },
      { baseUrls: ["https://cdn.jsdelivr.net/gh/TracingInsights"] },
    ]
  ) assertEquals(diskFolderFor(options), undefined);
  const { fetch } = globalThis;
  globalThis.fetch = replaced as typeof fetch;
  try {
    assertEquals(diskFolderFor({}), undefined);
  } finally {
    globalThis.fetch = fetch;
  }
});

test("defaultCache() is off where the environment turns caches off, and refuses a value that it can't read", () => {
  const mirrors = { arePublic: true };
  const fetch = () => Promise.reject(new Error());
  assertEquals(defaultCache({ fetch }, mirrors) === false, false);
  {
    using _env = setEnv("SLIPSTREAM_CI", "1");
    assertEquals(defaultCache({ fetch }, mirrors), false);
  }
  using _env = setEnv("SLIPSTREAM_CI", "maybe");
  assertThrows(() => defaultCache({ fetch }, mirrors), TypeError, "'SLIPSTREAM_CI'");
});

test("tracingInsights() sends nothing in a second process, not even for missing files", async () => {
  await using race = await setUp((path) => path.endsWith("/2_tel.json"));
  const cold = await race.load();
  assertEquals(cold, { loaded: FILES - 2, missing: 2, fresh: 0, warnings: [], requests: FILES });
  const warm = await race.load();
  assertEquals(warm, { loaded: FILES - 2, missing: 2, fresh: FILES, warnings: [], requests: 0 });
  const entries = await race.caches.kept();
  assertEquals(entries.length, FILES);
  for (const entry of entries) assertMatch(entry, /^cache\/slipstream\/f1\/v1\/\w\w\/\w+$/);
});

test("tracingInsights() reads memory before the disk, and loads everything again with refresh", async () => {
  await using race = await setUp();
  await race.load();
  const again = await race.load(["--again"]);
  assertEquals([again.requests, again.fresh, again.warnings], [0, 2 * FILES, []]);
  const refreshed = await race.load(["--refresh"]);
  assertEquals([refreshed.requests, refreshed.fresh, refreshed.loaded], [FILES, 0, FILES]);
  assertEquals((await race.load()).requests, 0);
});

test("tracingInsights() neither reads nor writes the disk with SLIPSTREAM_CI, or with the caller's own mirrors", async () => {
  await using race = await setUp();
  const off = await race.load([], { env: { SLIPSTREAM_CI: "1" } });
  assertEquals([off.requests, off.fresh, await race.caches.kept()], [FILES, 0, []]);
  const foreign = await race.load(["--foreign", "--again"]);
  assertEquals([foreign.requests, foreign.fresh, await race.caches.kept()], [FILES, FILES, []]);
  await race.load();
  assertEquals((await race.load(["--foreign"])).requests, FILES);
  assertEquals((await race.load()).requests, 0);
});

test("tracingInsights() goes on in memory, with one warning, where the disk can't be used", async () => {
  await using race = await setUp();
  await race.caches.block();
  const { warnings, ...loaded } = await race.load(["--again"]);
  assertEquals(loaded, { loaded: FILES, missing: 0, fresh: FILES, requests: FILES });
  assertEquals(warnings.length, 1);
  assertMatch(warnings[0], /^The cache 'filesystem' failed to \w+; requests go on without it$/);
});

if (runtime === "deno") {
  test("tracingInsights() uses the disk on Deno if it has all permissions, and requests none", async () => {
    await using race = await setUp();
    const net = "--allow-net=127.0.0.1";
    const { f1: folder, env: { HOME: path } } = race.caches;
    for (
      const permissions of [
        [net],
        [net, "--allow-env"],
        [net, "--allow-env", `--allow-read=${path}`],
        [net, `--allow-read=${path}`, `--allow-write=${path}`],
        [net, "--allow-env", "--deny-env=XDG_CACHE_HOME", "--allow-read", "--allow-write"],
        [net, "--allow-env", "--allow-read", "--allow-write", `--deny-write=${folder}/v1`],
      ]
    ) {
      const { requests, warnings } = await race.load(["--again"], { permissions });
      assertEquals([requests, warnings, await race.caches.kept()], [FILES, [], []], String(permissions));
    }
    const permissions = [
      net,
      "--allow-env=XDG_CACHE_HOME,HOME",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
    ];
    assertEquals((await race.load([], { permissions })).requests, FILES);
    assertEquals((await race.load([], { permissions })).requests, 0);
  });
}

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { racePayloads } from "../../src/testing/race_payloads.ts";
import type { Resources } from "../../src/testing/resource.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { runCli, startCli } from "../support/cli_process.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";
import { until } from "../support/until.ts";

const FRESH = { "cache-control": "max-age=3600" };
const ANY: Resources = (path) => ({ body: `body of ${path}`, headers: FRESH });
const SESSION = ["2025", "Abu Dhabi Grand Prix", "Race"];

test("slipstream get --cache as a process sends nothing the second time, and stats counts the entries", async () => {
  await using cdn = createSimulatedCdn({ resources: ANY });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  // The folder's name may contain any characters.
  const dir = `${temp.path}/a, b\u{1f600} %2e%2e '$(x)'`;
  const get = ["get", `${url}/one`, "--cache", dir];
  const expected = { code: 0, stdout: "body of /one", stderr: "" };
  assertEquals([await runCli(get), await runCli(get)], [expected, expected]);
  assertEquals(cdn.log.requests, 1);

  const off = await runCli(get, { env: { SLIPSTREAM_CI: "1" } });
  assertEquals([off, cdn.log.requests], [expected, 2]);

  const { code, stdout, stderr } = await runCli(["cache", "stats", dir]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /\n {2}fresh +1 /);
  assertStringIncludes(stdout, url);

  const { stdout: cleared } = await runCli(["cache", "clear", dir]);
  assertMatch(cleared, /^Removed 1 entry, /);
  assertEquals(await temp.list(), [`${dir.slice(temp.path.length + 1)}/`]);
});

test("slipstream get --out --cache as a process uses fresh entries, and stores new answers", async () => {
  await using cdn = createSimulatedCdn({ resources: ANY });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const host = new URL(url).host.replace(":", "_");
  for (const out of ["a", "b"]) {
    const args = ["--cache", `${temp.path}/cache`, "--out", `${temp.path}/${out}`];
    const { code, stderr } = await runCli(["get", ...args, `${url}/1`, `${url}/2`]);
    assertEquals([code, stderr.startsWith(out === "a" ? "2 done, 2" : "2 done, 2 from the cache, 2")], [
      0,
      true,
    ]);
    assertEquals(await temp.read(`${out}/${host}/1.body`), "body of /1");
  }
  assertEquals(cdn.log.requests, 2);
});

test("slipstream get --cache as a process heeds a server's no-store", async () => {
  await using cdn = createSimulatedCdn({
    resources: () => ({ body: "secret", headers: { "cache-control": "no-store" } }),
  });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const get = ["get", `${url}/one`, "--cache", `${temp.path}/cache`];
  for (let count = 1; count <= 2; count++) {
    assertEquals([(await runCli(get)).stdout, cdn.log.requests], ["secret", count]);
  }
  assertEquals(await temp.list(), []);
});

test("slipstream get --cache as a process says once what is wrong with the folder, and still fetches", async () => {
  await using cdn = createSimulatedCdn({ resources: ANY });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  await temp.write("file", "mine");
  const get = ["get", "--quiet", "--ordered", `${url}/1`, `${url}/2`, "--cache", `${temp.path}/file`];
  const { code, stdout, stderr } = await runCli(get);
  assertEquals([code, stdout.split("\n").length], [0, 3]);
  assertMatch(stderr, /^warning: The cache 'filesystem' failed to [^\n]+\n$/);
  assertEquals(await temp.read("file"), "mine");
});

if (runtime === "deno") {
  test("slipstream get --cache as a process without permissions for the folder warns once", async () => {
    await using cdn = createSimulatedCdn({ resources: ANY });
    const { url } = await cdn.listen();
    await using temp = await tempFolder();
    const get = ["get", `${url}/1`, "--cache", `${temp.path}/cache`];
    const { code, stdout, stderr } = await runCli(get, { permissions: ["--allow-net=127.0.0.1"] });
    assertEquals([code, stdout], [0, "body of /1"]);
    assertMatch(stderr, /^warning: The cache 'filesystem' failed to [^\n]+ Requires \w+ access to [^\n]+\n$/);
  });
}

test("slipstream f1 --cache as a process loads a past season once, and says how long it is kept", async () => {
  const race = racePayloads({ drivers: 2, laps: 2 });
  await using cdn = createSimulatedCdn({ resources: race.resources });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const f1 = ["f1", ...SESSION, "--all", "--base-url", url, "--cache", temp.path];
  const first = await runCli(f1);
  assertEquals([first.code, cdn.log.requests], [0, race.paths().length]);
  assertMatch(
    first.stderr,
    /^The season 2025 is over: its files are kept without expiry\n10 done, [\d.]+ kB in /,
  );
  const second = await runCli(f1);
  assertEquals([second.code, cdn.log.requests], [0, race.paths().length]);
  assertMatch(second.stderr, /^10 done, 10 from the cache, 0 B in /);
  const valuesOf = (text: string) =>
    text.trim().split("\n").map((line) => JSON.parse(line)).map(({ path, value }) =>
      `${path} ${JSON.stringify(value)}`
    )
      .sort();
  assertEquals(valuesOf(second.stdout), valuesOf(first.stdout));
});

test("slipstream get --cache as a process that is killed half-way leaves entries that the next one can use", async () => {
  const stalled = Promise.withResolvers<void>();
  let isKilled = false;
  await using cdn = createSimulatedCdn({
    resources: () => ({ body: "x".repeat(100_000), headers: FRESH }),
    faults: [{
      kind: "stall",
      match: ({ path }) => {
        const stalls = !isKilled && Number(path.slice(1)) >= 30;
        if (stalls) stalled.resolve();
        return stalls;
      },
    }],
  });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const urls = Array.from({ length: 40 }, (_, index) => `${url}/${index}`);
  const get = ["get", "--concurrency", "4", "--quiet", ...urls, "--cache", temp.path];
  const cli = await startCli(get);
  await stalled.promise;
  // Nothing more arrives, and what has arrived is being stored.
  await until(async () => (await temp.list()).some((name) => /\/[0-9a-f]{62}$/.test(name)));
  isKilled = true;
  cli.kill();
  await cli.ended;
  const before = cdn.log.requests;

  const { code, stdout } = await runCli(get);
  const lines = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  assertEquals([code, lines.length, lines.every(({ text }) => text.length === 100_000)], [0, 40, true]);
  const cached = lines.filter(({ from }) => from === "cache").length;
  assert(cached > 0);
  assertEquals(cdn.log.requests - before, 40 - cached);
  const { stdout: stats } = await runCli(["cache", "stats", temp.path]);
  assertMatch(stats, /\n {2}fresh +40 /);
  assert(!stats.includes("damaged"), stats);
});

test("slipstream demo --cache as a process finds the files of an earlier one, on other ports", async () => {
  await using temp = await tempFolder();
  const demo = ["demo", "--drivers", "2", "--laps", "3", "--latency", "1ms", "--cache", `${temp.path}/cache`];
  const first = await runCli(demo);
  assertEquals([first.code, first.stderr], [0, ""]);
  assertMatch(first.stdout, /\n {2}from disk +12 .*\n/);
  assertMatch(
    first.stdout,
    /\nAll files were loaded: 12 in .* from memory, and by a new process in .* from disk\.\nThey stay in /,
  );
  const second = await runCli(demo);
  assertEquals([second.code, second.stderr], [0, ""]);
  assertMatch(second.stdout, /\n {2}from an earlier run +12 .*\n/);
  assertStringIncludes(second.stdout, " (12 of them from disk, left by an earlier run)");

  const third = await runCli([...demo, "--only-cached", "--files", "5"]);
  assertEquals([third.code, third.stderr, JSON.parse(third.stdout).fromCache], [0, "", 5]);
});
